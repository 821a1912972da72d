"""Examples of one project that are made as they are asked for, without end, and never those that models are tested on.

All are of one seed: so they have the same probes, held-out sequences and kinds of signatures as a dataset of that
configuration, whose ids begin at 0, and only their numbers keep them apart.
"""

from collections.abc import Iterator
from functools import cache

import orjson

from subject_zoo.base.errors import UserError
from subject_zoo.base.ids import MAX_ID
from subject_zoo.chain import MadeExamples, Record, make_examples
from subject_zoo.config.seeds import shared_seed
from subject_zoo.dataset.shards import members_of_splits
from subject_zoo.integrations.grader import FRESH_SEED, Grader
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.cases import Case
from subject_zoo.judge.material import case_of
from subject_zoo.project import Project

PARTS = {"train": range(100_000_000, 900_000_000), "test": range(900_000_000, MAX_ID + 1)}
"""The ids of what is trained on, and of what is tested on: beyond those of any dataset, and never the same."""

_TOGETHER = 8  # candidates that are made at once
_KEPT = 2000  # cases in memory, of 20 kB each: what is asked about lies not long back


class FreshExamples:
    """The examples of a project: their records, and what judges answers to them.

    Raises UserError for a configuration whose prompts show other records' networks: nothing lies before a record here.
    """

    def __init__(self, project: Project) -> None:
        if (shuffle := project.config["format"]["shuffle"]) != "none":
            raise UserError(
                f"format.shuffle is {shuffle}; where examples are made as they are asked for, it must be none"
            )
        self.project, self._cases = project, _Cases(project)
        self.grader = Grader(Bench(project, FRESH_SEED), self._cases)

    def records(self, part: str, first: int = 0) -> Iterator[Record]:
        """The records of the accepted examples of a key of PARTS, from its so-manieth id on, some made at a time.

        What the configuration holds out, patterns, their combinations or architectures, is in none to train on, and in
        all to test on.
        """
        ids = PARTS[part][first:]
        for start in range(ids.start, ids.stop, _TOGETHER):
            made = make_examples(self.project, range(start, min(start + _TOGETHER, ids.stop)))
            for record in self._cases.keep(made):
                if self._belongs(record, part):
                    yield record

    def _belongs(self, record: Record, part: str) -> bool:
        config = self.project.config
        splits = config["splits"]
        if splits["holdout"] == "example" or not (splits["held_out"] or splits["test"]):
            return True  # by its id
        return bool(members_of_splits([record], shared_seed(config), splits)["test"]) == (part == "test")


@cache
def fresh_examples(config: str, overrides: str = "{}") -> FreshExamples:
    """Those of a configuration's file under overrides, JSON as text: one for a process. Raises UserError."""
    return FreshExamples(Project.from_config(config, orjson.loads(overrides)))


class _Cases(dict[int, Case]):
    """The cases of the latest examples by id; another one is made again when it is asked for."""

    def __init__(self, project: Project) -> None:
        super().__init__()
        self._project = project

    def __missing__(self, example_id: int) -> Case:
        if not any(example_id in ids for ids in PARTS.values()):
            raise KeyError(example_id)
        self.keep(make_examples(self._project, [example_id]))
        if example_id not in self:
            raise KeyError(example_id)
        return self[example_id]

    def keep(self, made: MadeExamples) -> list[Record]:
        """Take in the cases of what was made; its records."""
        self.update({record["example_id"]: case_of(made, record["example_id"]) for record in made.records})
        while len(self) > _KEPT:
            del self[next(iter(self))]
        return list(made.records)
