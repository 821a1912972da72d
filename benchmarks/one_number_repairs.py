"""Is a degraded network mended by one number?

A thousand thresholds instead of 0, and every output weight on a grid, tried on the sequences that remeasure.py draws,
by its definition of accuracy; no code is shared with the pipeline.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from fresh_sequences import Sample
from second_definitions import Network, Space

BACKGROUND = "background"
SIZES = 0.05 * 400 ** (np.arange(30) / 29)  # from 0.05 to 20 in equal ratios, added and taken away


def mended_by(
    network: Network,
    space: Space,
    groups: Mapping[str, Sequence[tuple[float, Sample]]],
    target: str,
    thresholds: Mapping[str, float],
) -> list[str]:
    """Which of "bias" and "weight" mend the network's target: the pattern rises, the others stay, and all end able.

    `groups` has the weighted samples behind each accuracy, of the selected patterns and the background.
    """
    samples = [sample for group in groups.values() for _, sample in group]
    hidden, logits = network.run(space.tokens[np.concatenate([sample.rows for sample in samples])])
    cuts = np.cumsum([len(sample.rows) for sample in samples])[:-1]

    def accuracies(values: np.ndarray, levels: np.ndarray) -> dict[str, np.ndarray]:
        """By name the accuracy at each level that is called positive, of values [n]."""
        parts, found = iter(np.split(values, cuts)), {}
        for name, group in groups.items():
            called = [w * (s.weights / s.weights.sum()) @ (next(parts)[:, None] > levels) for w, s in group]
            found[name] = 1 - sum(called) if name == BACKGROUND else sum(called)
        return found

    before = accuracies(logits, np.zeros(1))

    def passes(after: Mapping[str, np.ndarray]) -> bool:
        gains = {name: after[name] - before[name] for name in after}
        others = np.stack([gain for name, gain in gains.items() if name != target])
        good = gains[target] >= thresholds["min_degradation_threshold"]
        good &= gains[target] - others.mean(0) >= thresholds["min_specificity"]
        good &= others.min(0) >= -thresholds["max_other_degradation"]
        good &= np.min(list(after.values()), axis=0) >= thresholds["min_accuracy"]
        return bool(good.any())

    ordered = np.unique(np.quantile(logits, np.linspace(0, 1, 1001)))
    found = ["bias"] if passes(accuracies(logits, (ordered[1:] + ordered[:-1]) / 2)) else []
    changes = (neuron * step for neuron in hidden.T for step in (*SIZES, *-SIZES))
    if any(passes(accuracies(logits + change, np.zeros(1))) for change in changes):
        found.append("weight")
    return found
