"""A ladder that was measured, as a report of it says: what it is of, and what is to be beaten."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.base.foreign import read_regular
from subject_zoo.base.json_text import parse_json

TRUTHS = ("runs_the_network", "true")
"""Rungs that are ceilings, not rivals."""

OFF_THE_SHELF = ("zero_shot", "few_shot")
"""Rungs of language models that were trained on no record, which somebody has to run."""

HEADLINES = {
    "classification": ("macro_f1", "exact_match"),
    "modification": ("passed", "targeted"),
    "diagnosis": ("exact_match", "region_positions"),
}
"""The two figures of each task that rungs are compared by."""

_LARGEST = 64_000_000  # bytes of a report


def summary(report: Mapping[str, Any]) -> dict[str, dict[str, dict[str, float | None]]]:
    """The rungs of the tasks with two figures each, None where nothing was counted."""
    return {
        task: {
            rung: {key: None if row[key] is None else round(row[key], 4) for key in keys}
            for rung, row in report[task].items()
        }
        for task, keys in HEADLINES.items()
        if task in report or task != "diagnosis"
    }


def read_ladder(path: Path) -> dict[str, Any]:
    """A report that was written. Raises UserError for a file that holds none."""
    try:
        report: dict[str, Any] = parse_json(read_regular(path, _LARGEST))
        summary(report)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise UserError(f"{path}: not what subject-zoo baseline --json writes") from None
    return report


def with_answers(report: Mapping[str, Any], answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A ladder's report with the rungs of OFF_THE_SHELF whose answers are there, as `score` reports them.

    They were judged on the folder's own test split, and no record of it was learned from. Raises UserError for answers
    to another dataset's prompts or of no task that the ladder has, and for a ladder of another folder's records.
    """
    if answers and "tested_on" in report:
        raise UserError("the ladder was tested on another folder's records, and the answers on this one's")
    if any(scored["dataset"]["manifest_sha256"] != report["dataset"]["manifest_sha256"] for scored in answers.values()):
        raise UserError("the ladder is of another dataset than the answers, by their manifests; measure it anew")
    rungs = {task: dict(report[task]) for task in HEADLINES if task in report}
    rows = [row for row in report["rows"] if row["rung"] not in answers]
    for rung, scored in answers.items():
        if not rungs.keys() & scored.keys():
            raise UserError(f"{rung}: its file answers no task that the ladder has")
        for task in rungs.keys() & scored.keys():
            rungs[task][rung] = scored[task]
        if "classification" in scored:
            told = {"rung": rung, "kind": "as it is", "split": "test split", "training": 0}
            rows.append(told | scored["classification"])
    return {**report, **rungs, "rows": rows}


def not_run(report: Mapping[str, Any]) -> list[str]:
    """The rungs of OFF_THE_SHELF that a report lacks."""
    return [rung for rung in OFF_THE_SHELF if not any(rung in report.get(task, ()) for task in HEADLINES)]


def is_of(report: Mapping[str, Any], scored: Mapping[str, Any]) -> bool:
    """Whether a ladder was measured on the very dataset, in its present state, that a file of answers was scored on."""
    known: Any = report.get("dataset", {})
    of_this: bool = known.get("manifest_sha256") == scored["dataset"]["manifest_sha256"]
    return of_this and "tested_on" not in report


def above_best(scored: Mapping[str, Any], rungs: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, Any]:
    """By how much the figures of a scored file are above the best rung that is no ceiling, by task and figure."""
    above: dict[str, Any] = {}
    for task, keys in HEADLINES.items():
        rivals = {rung: row for rung, row in rungs.get(task, {}).items() if rung not in TRUTHS}
        if task not in scored or not rivals:
            continue
        above[task] = {}
        for key in keys:
            counted = {rung: row[key] for rung, row in rivals.items() if row[key] is not None}
            if counted and scored[task][key] is not None:
                best = max(counted, key=lambda rung: counted[rung])
                above[task][key] = {"rung": best, "above": scored[task][key] - counted[best]}
    return above
