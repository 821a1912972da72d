"""The tasks by their names: how an answer is judged, and what many of them come to."""

from collections.abc import Mapping, Sequence
from typing import Any

from subject_zoo.judge.bench import Bench
from subject_zoo.judge.cases import Case
from subject_zoo.judge.classification import score_classification, summarise_classifications
from subject_zoo.judge.diagnosis import score_diagnosis, summarise_diagnoses
from subject_zoo.judge.modification import score_modification, summarise_modifications


def score_answer(task: str, case: Case, text: str, bench: Bench, enabled: Sequence[str]) -> dict[str, Any]:
    """The figures of one completion of a task, `enabled` being the patterns that a classification could name.

    Beside each task's own stand in all of them `wrong`, the kind of fault of a text that cannot be read, or None; and
    `reason`, a person's words.
    """
    if task == "modification":
        return score_modification(case, text, bench)
    if task == "diagnosis":
        return score_diagnosis(case, text, bench)
    return score_classification(case.listed_patterns, text, enabled)


def summarise(task: str, pairs: Sequence[tuple[Case, Mapping[str, Any]]], enabled: Sequence[str]) -> dict[str, Any]:
    """What the answers to a task's records come to, each record with the figures of its answer; `intervals` has the
    95 % interval of each share and mean."""
    if task == "modification":
        return summarise_modifications(pairs)
    if task == "diagnosis":
        return summarise_diagnoses(pairs)
    return summarise_classifications(pairs, enabled)
