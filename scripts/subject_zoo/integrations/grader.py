"""Single answers, judged by the scorer's own functions: what the adapters share.

grader = Grader.of_dataset("results/dataset")
grader.grade("classification", 7, "palindrome")["exact"]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import TASKS
from subject_zoo.config.tasks import tasks_of
from subject_zoo.integrations.source import received
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.cases import Case, load_cases
from subject_zoo.judge.tasks import score_answer
from subject_zoo.judge.views import view_of

_COUNTED = ("reasons", "false_claims")  # figures that are lists, of which fewer are better
FRESH_SEED = 1  # of the exam that no record was chosen by, as of subject-zoo score


@dataclass(frozen=True)
class Grader:
    """Judges answers to these records by their dataset's bench, as `subject-zoo score` does: the network that an answer
    describes is run, and nothing of its text."""

    bench: Bench
    cases: Mapping[int, Case]

    @classmethod
    def of_dataset(cls, dataset: str, trusted: bool = False) -> "Grader":
        """Of all records of a dataset's folder, or of a repository on the Hub.

        A folder that is not `trusted` takes a bounded amount of memory; a repository is what its owner is trusted with.
        Raises UserError for one that cannot be used.
        """
        return _grader(dataset, trusted)

    @property
    def tasks(self) -> list[str]:
        """The tasks that the records carry."""
        return tasks_of(self.bench.project.config["task_generation"])

    def grade(self, task: str, example_id: int, text: str, view: int = 0) -> dict[str, Any]:
        """The figures of one answer, as judge/tasks.py gives them, to a prompt that shows a view of the record, 0 the
        record as it stands. Raises UserError for a record that is not here."""
        if task not in self.tasks:
            raise UserError(f"the dataset has no task {str(task)[:40]!r}; it has {', '.join(self.tasks)}")
        try:
            case = self.cases[example_id]
        except KeyError:
            raise UserError(f"example_id {example_id} is no record of the dataset that answers are judged by") from None
        config = self.bench.project.config
        shown = view_of(case, config["seed"], view)
        return score_answer(task, shown, text, self.bench, config["patterns"]["enabled"])

    def known(self, task: str) -> list[str]:
        """The names of the numbers that an answer to a task gets. Raises UserError for a dataset of no records."""
        return list(numbers(self.grade(task, next(iter(self.cases), -1), "")))


@cache
def _grader(dataset: str, trusted: bool) -> Grader:
    """One for a process, whatever the number of rewards and scorers that ask it."""
    folder = received(dataset, trusted)
    manifest = folder.manifest()
    bench = Bench(folder.project(manifest["config"]), FRESH_SEED)
    return Grader(bench, {case.example_id: case for case in load_cases(folder, manifest, "all")})


def headline(task: str) -> str:
    """The figure that an answer to a task is worth, where a trainer or a harness wants one number: 1 or 0."""
    return "passed" if task == "modification" else "exact"


def check_task(task: str) -> None:
    """Raise UserError for what is none of the scorer's tasks."""
    if task not in TASKS:
        raise UserError(f"task is {str(task)[:40]!r}; it must be one of {', '.join(TASKS)}")


def numbers(figures: Mapping[str, Any]) -> dict[str, float]:
    """Those of an answer's figures that are numbers, truth as 1 or 0; of the gates that it fails and of its false
    claims how many they are; and `unreadable`, whether the text could not be read."""
    measured = {key: len(value) if key in _COUNTED else value for key, value in figures.items()}
    told = {key: float(value) for key, value in measured.items() if isinstance(value, bool | int | float)}
    return {**told, "unreadable": float(figures["wrong"] is not None)}


def failures(figures: Mapping[str, Any]) -> list[str]:
    """What is wrong with an answer: the kind of fault of a text that cannot be read, or the gates that a network fails;
    nothing for one that passes, and for names that are wrong."""
    return [figures["wrong"]] if figures["wrong"] is not None else list(figures.get("reasons", ()))
