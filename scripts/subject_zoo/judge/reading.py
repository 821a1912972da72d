"""The rungs of classification: programs that see a part of a network, and learn from others what its patterns are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from subject_zoo.base.errors import UserError
from subject_zoo.evaluation.exam import classify
from subject_zoo.evaluation.gates import claimed_patterns
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.intervals import f1_intervals, mean_interval
from subject_zoo.judge.material import Accepted, is_held_out_combination, stack_networks
from subject_zoo.signatures.choice import prompt_methods

NETS = ("probes", "graph")
KINDS = {
    "always_commonest": ("count",),
    "metadata": ("regression", "trees"),
    "shuffled_labels": ("trees", "probes"),
    "output_signature": ("above_zero", "regression", "trees"),
    "hidden_signature": ("regression", "trees", "graph"),
    "weights": ("regression", "trees", *NETS),
    "weights_and_signature": ("regression", "trees", "graph"),
    "runs_the_network": ("program",),
}
"""What a rung may see, and the kinds of programs that read it."""


def readers() -> tuple[ModuleType, ModuleType, ModuleType]:
    """The modules features, learning and trees. Raises UserError where scikit-learn or torch is missing."""
    try:
        from subject_zoo.judge.readers import features, learning, trees
    except ImportError as error:
        raise UserError(f"the ladder needs {error.name}; pip install scikit-learn torch") from None
    return features, learning, trees


def left_out(config: Mapping[str, Any]) -> dict[str, str]:
    """The rungs and the kinds of readers that a configuration with classification has nothing for, each with the
    reason."""
    reasons: dict[str, str] = {}
    if config["signature"]["layers"] == "hidden":
        reasons["output_signature"] = "signature.layers is hidden, so no prompt shows the output neuron's"
    if "output_signature" in reasons:
        reasons["above_zero"] = reasons["output_signature"]
    elif "pattern_wise" not in prompt_methods(config)["classification"]:
        reasons["above_zero"] = "classification prompts show no pattern_wise, the output's mean over a pattern's probes"
    if config["model"]["input_encoding"] != "one_hot":
        reasons["probes"] = "model.input_encoding is not one_hot, and probes are sequences of letters"
    return reasons


class Readable:
    """n networks to be read, their true answers bool [n, P], and who reads them.

    Of a signature is seen what a classification prompt shows of it: that task's methods, of the layers that have any.
    """

    def __init__(self, records: Sequence[Accepted], bench: Bench) -> None:
        self._features, self._learning, self._trees = readers()
        self._records, self._bench = records, bench
        config = bench.project.config
        self._vocab_size, self._names = config["patterns"]["vocab_size"], config["patterns"]["enabled"]
        self._described: dict[str, np.ndarray] = {}
        self.labels = self._named([one.case.listed_patterns for one in records])
        self.is_held_out = np.array([is_held_out_combination(one.case, config["seed"]) for one in records])
        self.left_out = left_out(config)
        self.kinds = {
            rung: tuple(kind for kind in kinds if kind not in self.left_out)
            for rung, kinds in KINDS.items()
            if rung not in self.left_out
        }
        extractor = bench.project.extractor
        seen = extractor.columns(prompt_methods(config)["classification"])
        features = [extractor.feature_names[column] for column in seen]
        wanted = [f"pattern_wise.{name}" for name in self._names]
        self._of_pattern = [features.index(name) for name in wanted if name in features]

        models = [one.case.improved for one in records]
        depth = max(model.architecture.num_layers for model in models)
        width = max(model.architecture.neurons_per_layer for model in models)
        self._networks = stack_networks(models, [one.signatures["improved"][:, seen] for one in records], depth, width)

    def answers(
        self, rung: str, kind: str, learned: np.ndarray, tested: np.ndarray, seed: int, steps: int
    ) -> np.ndarray:
        """The patterns, bool [m, P], that a program finds in the rows `tested`, having learned from those `learned`."""
        labels = self.labels[learned]
        if kind == "count":
            commonest = Counter(map(tuple, labels.tolist())).most_common(1)[0][0]
            return np.tile(np.array(commonest), (len(tested), 1))
        if kind == "program":
            return self._run[tested]
        if kind == "above_zero":
            return self._networks.output_signature[tested][:, self._of_pattern] > 0
        if rung == "shuffled_labels":
            labels = labels[np.random.default_rng(seed).permutation(len(labels))]
        if kind in NETS:
            parts = (self._networks.rows(rows) for rows in (learned, tested))
            found = self._learning.read(kind, rung, seed, next(parts), labels, next(parts), self._vocab_size, steps)
            return found > 0.5
        if rung not in self._described:
            self._described[rung] = self._features.describe(rung, self._networks, self._records)
        described = self._described[rung]
        return self._trees.read(kind, seed, described[learned], labels, described[tested]) > 0.5

    @cached_property
    def _run(self) -> np.ndarray:
        """What each network calls positive in fresh sequences, bool [n, P]: weights that are run, not read."""
        models = {row: one.case.improved for row, one in enumerate(self._records)}
        positive = classify(models, self._bench.fresh.tokens)
        return self._named([claimed_patterns(self._bench.fresh.positive_rates(positive[row])) for row in models])

    def _named(self, names: Sequence[Any]) -> np.ndarray:
        return np.array([[name in here for name in self._names] for here in names])


def figures(true: np.ndarray, answers: Sequence[np.ndarray]) -> dict[str, Any]:
    """Means over the answers of all seeds, bool [m, P] each; intervals over records, their ends averaged too."""
    scores = {
        "macro_f1": [f1_intervals(true, named)["macro_f1"] for named in answers],
        "exact_match": [mean_interval((true == named).all(axis=1).astype(np.float64)) for named in answers],
    }
    means = {name: np.mean(values, axis=0).tolist() for name, values in scores.items()}
    return {
        **{name: value for name, (value, _, _) in means.items()},
        "intervals": {name: ends for name, (_, *ends) in means.items()},
        "by_seed": {name: [value for value, _, _ in values] for name, values in scores.items()},
    }
