"""Repairs that take no reading of a network: another output bias, or another weight of the output layer.

A degraded network that one of these mends has no fault to be found, and a record of it teaches nothing of networks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from subject_zoo.base.distinct import distinct
from subject_zoo.base.terms import BACKGROUND, CLAIMED_RATE, SHARE_DECIMALS
from subject_zoo.evaluation.exam import Exam
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.model import StoredModel

STEPS = np.concatenate([-np.geomspace(0.05, 20, 30)[::-1], np.geomspace(0.05, 20, 30)])
"""What is added to a weight of the output layer: 60 steps from -20 to 20, in equal ratios."""

_SLACK = 10.0**-SHARE_DECIMALS  # figures are rounded before they are judged

Calls = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""The share of an exam's rows [r] that each of some variants, by their indices [k], calls positive, float64 [k]."""


@dataclass(frozen=True)
class Fault:
    """What a repair is to mend, on which exam, by which thresholds (the config's section `validation`), and whether
    `claim` is among the gates, as it is where classification is asked for."""

    degraded: StoredModel
    selected_patterns: Sequence[str]
    target_pattern: str
    exam: Exam
    thresholds: Mapping[str, float]
    claim: bool

    @cached_property
    def answers(self) -> tuple[np.ndarray, np.ndarray]:
        """What the degraded network makes of the exam's sequences: activations of its last hidden layer, float32
        [n, neurons], and logits, float32 [n]."""
        mlp = KernelMLP(self.degraded.architecture, self.degraded.weights)
        values, logits = mlp.activations(self.exam.tokens, before=False)
        return values[-1], logits

    @property
    def positive(self) -> np.ndarray:
        """The degraded network's verdict on each of the exam's sequences, bool [n]."""
        return self.answers[1] > 0

    @cached_property
    def before(self) -> dict[str, float]:
        """The degraded network's accuracies."""
        return self.exam.accuracies(self.positive, list(self.selected_patterns))


def simple_repairs(fault: Fault) -> list[str]:
    """Which simple repairs pass the gates that a record passes: some of "bias_shift" and "one_output_weight"."""
    found = ["bias_shift"] if len(passing_shifts(fault)) else []
    if next(passing_output_weights(fault), None) is not None:
        found.append("one_output_weight")
    return found


def passing_shifts(fault: Fault) -> np.ndarray:
    """All thresholds, float64 [p], ascending, that pass instead of 0: exactly, of those between the sorted logits."""
    _, logits = fault.answers
    ordered = distinct(logits)
    thresholds = (ordered[:-1].astype(np.float64) + ordered[1:]) / 2

    def calls(rows: np.ndarray, variants: np.ndarray) -> np.ndarray:
        below = np.searchsorted(np.sort(logits[rows]), thresholds[variants], side="right")
        return 1 - below / len(rows)

    return thresholds[_passing(fault, calls, np.arange(len(thresholds)))]


def passing_output_weights(fault: Fault) -> Iterator[tuple[int, float]]:
    """(neuron of the last hidden layer, what is added to its output weight) of all of STEPS that pass, by neuron."""
    hidden, logits = fault.answers
    steps = STEPS.astype(np.float32)

    def calls(rows: np.ndarray, variants: np.ndarray) -> np.ndarray:
        changed = logits[rows, None] + hidden[rows][:, variants // len(steps)] * steps[variants % len(steps)]
        return np.count_nonzero(changed > 0, axis=0) / len(rows)

    for variant in _passing(fault, calls, np.arange(hidden.shape[1] * len(steps))).tolist():
        yield variant // len(steps), float(STEPS[variant % len(steps)])


def _passing(fault: Fault, calls: Calls, variants: np.ndarray) -> np.ndarray:
    """Those of a network's variants that pass all gates.

    Most fail at the target or at what no pattern covers, which is asked first; only who passes there sits the exam.
    """
    exam, selected, target, before = fault.exam, list(fault.selected_patterns), fault.target_pattern, fault.before
    wanted = before[target] + fault.thresholds["min_degradation_threshold"]
    least = max(fault.thresholds["min_accuracy"], wanted) - _SLACK
    owned = exam.owned_rows(target, selected)
    if not len(owned):
        return variants[:0]
    variants = variants[calls(owned, variants) >= least]
    weight, background = exam.background_rows(selected)
    most = 1 - max(fault.thresholds["min_accuracy"], before[BACKGROUND] - fault.thresholds["max_other_degradation"])
    if len(background):  # which is a part of all negatives, so alone it makes at most its share of the mistakes
        variants = variants[weight * calls(background, variants) <= most + _SLACK]
    if not len(variants):
        return variants
    return variants[_passes(fault, lambda rows: calls(rows, variants))]


def _passes(fault: Fault, share: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The gates of gates.judge, for k variants at once, bool [k]; `share` gives the share of an exam's rows that each
    calls positive, float64 [k]."""
    exam, thresholds, selected, before = fault.exam, fault.thresholds, fault.selected_patterns, fault.before
    after = {name: np.round(value, SHARE_DECIMALS) for name, value in exam.accuracies_by(share, selected).items()}
    gains = {
        name: np.round(value - round(before[name], SHARE_DECIMALS), SHARE_DECIMALS) for name, value in after.items()
    }
    target = gains.pop(fault.target_pattern)
    others = np.stack(list(gains.values()))
    mean_other = np.round(others.mean(axis=0), SHARE_DECIMALS)
    return np.logical_and.reduce(
        [
            target >= thresholds["min_degradation_threshold"],
            np.round(target - mean_other, SHARE_DECIMALS) >= thresholds["min_specificity"],
            target > others.max(axis=0),
            others.min(axis=0) >= -thresholds["max_other_degradation"],
            np.stack(list(after.values())).min(axis=0) >= thresholds["min_accuracy"],
            *(_claims_rightly(fault, share) if fault.claim else ()),
        ]
    )


def _claims_rightly(fault: Fault, share: Callable[[np.ndarray], np.ndarray]) -> Iterator[np.ndarray]:
    """By enabled pattern, which of k variants call it positive exactly if the labels do, bool [k]."""
    true = fault.exam.true_rates(fault.selected_patterns)
    for name, rate in fault.exam.positive_rates_by(share).items():
        yield (np.round(rate, SHARE_DECIMALS) >= CLAIMED_RATE) == (round(true[name], SHARE_DECIMALS) >= CLAIMED_RATE)
