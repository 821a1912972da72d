"""A file of completions judged against a dataset, without another language model: the networks are run.

report = score(Path("results/dataset"), Path("completions.jsonl"))
print("\\n".join(score_lines(report)))
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice, product
from pathlib import Path
from typing import Any

from subject_zoo import __version__
from subject_zoo.base.errors import UserError
from subject_zoo.base.files import digest_of
from subject_zoo.base.terms import TASKS
from subject_zoo.config.tasks import left_out_tasks
from subject_zoo.dataset.layout import MANIFEST
from subject_zoo.dataset.received import Received
from subject_zoo.dataset.standing import version_tag
from subject_zoo.judge.asked import asked_digest
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.cases import Case, load_cases
from subject_zoo.judge.completions import Completion, read_completions
from subject_zoo.judge.intervals import ends_of, values_of
from subject_zoo.judge.tasks import score_answer, summarise
from subject_zoo.judge.views import over_views, view_of

_ROWS = 1000  # of wrong completions that a report lists, at most


def score(
    folder: Path,
    completions: Path,
    split: str = "test",
    fresh_seed: int = 1,
    with_tools: bool = False,
    trusted: bool = False,
    model: str | None = None,
    records: int | None = None,
) -> dict[str, Any]:
    """The report of a file of completions, JSON-ready; a figure of nothing, as of the faults where none is, is None.

    Judged are the tasks that the file answers, over all records of the split ("all": of every split), or over the first
    so many `records` of it: one without a completion counts as one that is wrong. Of several completions of a record
    the first counts. Where some are of other views of the records (judge/views.py), `views_agree` and `views_right` are
    over all views that the file answers, and all other figures of the records as they stand. A task that the file
    answers and the dataset lacks is not judged, and `not_judged` says why. `with_tools`, since a program that may run
    the printed network scores about 1, and the `model` that answered are noted in the report; so is `shuffle`, where
    prompts show other records' networks: answers are judged by what their own records say. A folder that is not
    `trusted` takes a bounded amount of memory. Raises UserError for a folder or a file that cannot be used.
    """
    received = Received(folder, trusted)
    manifest = received.manifest()
    config = manifest["config"]
    cases = {case.example_id: case for case in _first(records, load_cases(received, manifest, split))}
    answers = _Answers(cases, Bench(received.project(config), fresh_seed), split)
    for completion in read_completions(completions):
        answers.take(completion)
    if answers.is_empty:
        raise UserError(f"{completions}: has no line; each is to hold example_id, task and completion")
    answers.note_missing()
    return {
        "version": __version__,
        **({} if model is None else {"model": model}),
        "dataset": {
            "tag": version_tag(manifest),
            "facts_sha256": manifest["facts_sha256"],
            "manifest_sha256": digest_of(received.read(MANIFEST)),
            "split": split,
            "asked_sha256": {task: asked_digest(received, manifest, task, split, cases) for task in answers.views},
        },
        "book": "with tools" if with_tools else "closed",
        "fresh_seed": fresh_seed,
        **{task: answers.figures(task) for task in answers.views},
        **({"shuffle": shuffle} if (shuffle := config["format"]["shuffle"]) != "none" else {}),
        **({"not_judged": not_judged} if (not_judged := answers.not_judged) else {}),
        "wrong": dict(sorted(answers.wrong.items())),
        "wrong_rows": answers.rows,
    }


def _told(value: Any) -> Any:
    """Figures as JSON can tell them: None where nothing was counted, as of the faults where no record has one."""
    if isinstance(value, dict):
        return {key: _told(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_told(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _first(records: int | None, cases: Iterator[Case]) -> Iterator[Case]:
    if records == 0:
        raise UserError("records is 0; it must be 1 or more")
    return islice(cases, records)


class _Answers:
    """Answers to the records of a split, judged one after the other; `wrong` counts those that are, by their kinds, and
    `rows` lists the first of them."""

    def __init__(self, cases: Mapping[int, Case], bench: Bench, split: str) -> None:
        self._cases, self._bench, self._split = cases, bench, split
        config = bench.project.config
        self._seed, self._enabled = config["seed"], config["patterns"]["enabled"]
        self._lacking = left_out_tasks(config["task_generation"])
        self._scores: dict[str, dict[tuple[int, int], dict[str, Any]]] = {task: {} for task in TASKS}  # by id and view
        self._asked: set[str | None] = set()
        self.wrong: Counter[str] = Counter()
        self.rows: list[dict[str, Any]] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing was answered, rightly or wrongly."""
        return not (self._asked or self.wrong)

    @property
    def views(self) -> dict[str, list[int]]:
        """Of each task that is answered the numbers of the views, 0 always, which is the record as it stands."""
        return {task: sorted({0, *(view for _, view in found)}) for task, found in self._scores.items() if found}

    @property
    def not_judged(self) -> dict[str, str]:
        """The tasks that are answered and that the dataset lacks, each with the reason."""
        return {task: reason for task, reason in self._lacking.items() if task in self._asked}

    def take(self, completion: Completion) -> None:
        """Judge a line of the file."""
        example_id, task, view = completion.example_id, completion.task, completion.view
        self._asked.add(task)
        if task in self._lacking:
            self._note("unknown_task", f"{self._lacking[task]} in this dataset", completion.line, example_id, None)
        elif example_id is None or task is None:  # as it is of lines that are wrong alone
            self._note(str(completion.wrong), completion.reason, completion.line, example_id, task)
        elif example_id not in self._cases:
            why = f"no record of that id in the split {self._split}"
            self._note("unknown_id", why, completion.line, example_id, task)
        elif (example_id, view) in self._scores[task]:
            self._note("duplicate_id", "it was answered before", completion.line, example_id, task)
        elif completion.wrong is not None:
            self._note(completion.wrong, completion.reason, completion.line, example_id, task)
        else:
            case = view_of(self._cases[example_id], self._seed, view)
            figures = score_answer(task, case, completion.text, self._bench, self._enabled)
            self._scores[task][example_id, view] = figures
            if figures["wrong"] is not None:
                self._note(figures["wrong"], figures["reason"], completion.line, example_id, task)

    def note_missing(self) -> None:
        """Count records without a completion as answered wrongly, in each task and view that others are answered in."""
        for task, views in self.views.items():
            for example_id, view in product(self._cases, views):
                if (example_id, view) not in self._scores[task]:
                    nothing = score_answer(task, self._cases[example_id], "", self._bench, self._enabled)
                    self._scores[task][example_id, view] = nothing | {"wrong": "missing"}
                    of_view = f"view {view} of the record" if view else "the record"
                    self._note("missing", f"{of_view} has no completion", None, example_id, task)

    def figures(self, task: str) -> dict[str, Any]:
        """What the answers to a task come to."""
        scores, views = self._scores[task], self.views[task]
        part = summarise(task, [(case, scores[i, 0]) for i, case in self._cases.items()], self._enabled)
        if len(views) > 1:
            means = over_views(task, [[scores[i, view] for view in views] for i in self._cases])
            part |= {"views": len(views), **values_of(means)}
            part["intervals"] |= ends_of(means)
        told: dict[str, Any] = _told(part)
        return told

    def _note(self, kind: str, reason: str, line: int | None, example_id: int | None, task: str | None) -> None:
        self.wrong[kind] += 1
        if len(self.rows) < _ROWS:
            self.rows.append({"line": line, "example_id": example_id, "task": task, "kind": kind, "reason": reason})
