"""The rungs of diagnosis: programs that see a part of a network, and learn from others where faults lie."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from subject_zoo.base.errors import UserError
from subject_zoo.evaluation.diagnosis import find_region, own_sequences, poor_patterns
from subject_zoo.evaluation.exam import classify
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.cases import Case
from subject_zoo.judge.diagnosis import compare_diagnosis, summarise_diagnoses
from subject_zoo.judge.material import Accepted
from subject_zoo.judge.questions import Questions
from subject_zoo.records.diagnosis import Diagnosis

LEARNED = ("metadata", "shuffled_labels", "hidden_signature", "weights")
RUNGS = ("always_none", *LEARNED, "runs_the_network", "true")


class Diagnosable:
    """Records to be learned from, and others that are diagnosed.

    Readers learn from both networks of a record, and are asked of one, as a prompt shows it: of each pattern that it
    was made for whether it does poorly on it, and at which positions. The letters there are not asked for, so that they
    name no region exactly.
    """

    def __init__(self, training: Sequence[Accepted], test: Sequence[Accepted], bench: Bench) -> None:
        self._faults, self._trees = _readers()
        self._test, self._bench = [one.case for one in test], bench
        self._learned = Questions.of_both(training, bench.project)
        self._asked = Questions.shown(test, bench.project)

    def figures(self, rung: str, seeds: int, steps: int) -> dict[str, Any]:
        """What the answers of a rung are worth, as `summarise_diagnoses` has it: means over seeds, the ends of their
        intervals averaged too, and `by_seed` the values; readers that are nets take so many steps."""
        found = [
            summarise_diagnoses(
                [
                    (case, compare_diagnosis(case, answer, self._bench))
                    for case, answer in zip(self._test, self.answers(rung, seed, steps), strict=True)
                ]
            )
            for seed in range(seeds if rung in LEARNED else 1)
        ]
        names = list(found[0]["intervals"])
        return {
            "records": found[0]["records"],
            "faulty": found[0]["faulty"],
            **{name: float(np.mean([one[name] for one in found])) for name in names},
            "intervals": {name: np.mean([one["intervals"][name] for one in found], axis=0).tolist() for name in names},
            "by_seed": {name: [one[name] for one in found] for name in names},
            "by_pattern": found[0]["by_pattern"],
        }

    def answers(self, rung: str, seed: int, steps: int) -> list[Diagnosis]:
        """What a rung says of each record that is diagnosed."""
        if rung == "always_none":
            return [Diagnosis(None, None)] * len(self._test)
        if rung == "true":
            return [case.diagnosed for case in self._test]
        if rung == "runs_the_network":
            return [run(case, self._bench) for case in self._test]
        learned, patterns = self._learned, self._bench.project.config["patterns"]
        labels = learned.labels
        if rung == "shuffled_labels":
            labels = labels[np.random.default_rng(seed).permutation(len(labels))]
        if rung == "metadata":
            likely = self._trees.read("trees", seed, learned.metadata, labels, self._asked.metadata)
        else:
            likely = self._faults.read(rung, seed, learned, labels, self._asked, patterns["vocab_size"], steps)
        return list(self._asked.answers(likely, patterns["enabled"], patterns["vocab_size"]))


def run(case: Case, bench: Bench) -> Diagnosis:
    """What the network that a record shows does, on other sequences than its own: weights that are run, not read."""
    exam, model = bench.fresh, case.shown
    accuracies = exam.accuracies(classify({0: model}, exam.tokens)[0], case.selected_patterns)
    if not (poor := poor_patterns(accuracies)):
        return Diagnosis(None, None)
    pattern = min(poor, key=lambda name: accuracies[name])
    tokens = own_sequences(exam.pools, pattern, case.selected_patterns)
    return Diagnosis(pattern, find_region(tokens, classify({0: model}, tokens)[0], model.architecture.vocab_size))


def _readers() -> tuple[ModuleType, ModuleType]:
    try:
        from subject_zoo.judge.readers import faults, trees
    except ImportError as error:
        raise UserError(f"the ladder needs {error.name}; pip install scikit-learn torch") from None
    return faults, trees
