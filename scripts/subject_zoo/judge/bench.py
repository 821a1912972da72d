"""What networks are judged on: the dataset's own exam, a fresh one, and the benchmark dataset."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from subject_zoo.config.seeds import shared_seed
from subject_zoo.evaluation.exam import Exam, classify
from subject_zoo.networks.model import StoredModel
from subject_zoo.patterns.pools import Pools
from subject_zoo.patterns.sequences import from_text
from subject_zoo.project import Project


class Bench:
    """The sequences of one dataset's project; made again from configuration and seed, in seconds.

    `own` is the exam that the records were accepted by: whoever passes there, passes as they did. `fresh` has other
    sequences of the same kinds, drawn by a seed of the caller's out of those that no network was trained on.
    """

    def __init__(self, project: Project, fresh_seed: int) -> None:
        self.project, self.fresh_seed = project, fresh_seed

    @cached_property
    def own(self) -> Exam:
        """The exam of the records themselves."""
        return self.project.exam

    @cached_property
    def fresh(self) -> Exam:
        """An exam that no record was chosen by."""
        config = self.project.config
        pools = Pools.create(shared_seed(config), config["patterns"], config["dataset"], draws=self.fresh_seed)
        return Exam(pools, config["dataset"]["near_miss_ratio"])

    @cached_property
    def benchmark(self) -> tuple[np.ndarray, list[set[str]]]:
        """(tokens uint8 [m, T], the patterns that each satisfies) of the benchmark dataset."""
        examples = self.project.benchmark_dataset["examples"]
        tokens = from_text(self.project.space, [example["sequence"] for example in examples])
        return tokens, [set(example["patterns"]) for example in examples]

    def benchmark_right(self, model: StoredModel, selected: Sequence[str], target: str) -> dict[str, tuple[int, int]]:
        """(how many are right, of how many) of the benchmark's sequences of the target pattern, and of all others."""
        tokens, patterns = self.benchmark
        positive = classify({0: model}, tokens)[0]
        truth = np.array([bool(satisfied & set(selected)) for satisfied in patterns])
        of_target = np.array([target in satisfied for satisfied in patterns])
        right = positive == truth
        parts = {"target": of_target, "others": ~of_target}
        return {name: (int(right[part].sum()), int(part.sum())) for name, part in parts.items()}
