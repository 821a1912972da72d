"""Results of models, each a report that `score` wrote, side by side: those that answered the same questions."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from subject_zoo.base.errors import UserError
from subject_zoo.base.foreign import read_regular
from subject_zoo.base.json_text import parse_json
from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import TASKS
from subject_zoo.judge.rungs import HEADLINES

_LARGEST = 64_000_000  # bytes of a report
_SHOWN = 12  # digits of a digest

_TEXT, _DIGEST = {"type": "string", "minLength": 1}, {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_SHARE = {"type": ["number", "null"], "minimum": -1, "maximum": 1}


def _of_task(task: str) -> dict[str, Any]:
    """The schema of what a report says of a task, as far as a table shows it."""
    interval = {"type": "array", "items": _SHARE, "minItems": 2, "maxItems": 2}
    own, keys = {"records": {"type": "integer", "minimum": 1}} | dict.fromkeys(HEADLINES[task], _SHARE), HEADLINES[task]
    intervals = {"type": "object", "properties": dict.fromkeys(keys, interval), "required": list(keys)}
    return {"type": "object", "properties": own | {"intervals": intervals}, "required": [*own, "intervals"]}


_SCHEMA = {
    "type": "object",
    "properties": {
        "version": _TEXT,
        "model": _TEXT,
        "book": {"enum": ["closed", "with tools"]},
        "dataset": {
            "type": "object",
            "properties": {
                "split": _TEXT,
                "asked_sha256": {"type": "object", "properties": dict.fromkeys(TASKS, _DIGEST)},
            },
            "required": ["split", "asked_sha256"],
        },
        **{task: _of_task(task) for task in TASKS},
    },
    "required": ["version", "model", "book", "dataset"],
}


def read_result(path: Path) -> dict[str, Any]:
    """A report with a model's name. Raises UserError for a file that holds none."""
    try:
        report: dict[str, Any] = parse_json(read_regular(path, _LARGEST))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({one_line(error)})") from None
    if mistake := best_match(Draft202012Validator(_SCHEMA).iter_errors(report)):
        key = ".".join(map(str, mistake.absolute_path))
        what = f"{one_line(key)}{': ' if key else ''}{one_line(mistake.message)}"
        raise UserError(f"{path}: not what subject-zoo score --model NAME --json writes ({what})")
    if lacking := [task for task in TASKS if task in report and task not in report["dataset"]["asked_sha256"]]:
        raise UserError(f"{path}: dataset.asked_sha256 lacks {lacking[0]}, which the report judges")
    return report


def table(reports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Markdown: a table for each task and each set of questions, best model first; figures with 95 % intervals."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for task in TASKS:
        for report in reports:
            if task in report:
                asked = report["dataset"]["asked_sha256"][task]
                groups.setdefault((task, report["dataset"]["split"], asked), []).append(report)
    for (task, split, asked), own in groups.items():
        keys = HEADLINES[task]
        control = ", a control: prompts show other records' networks" if "shuffle" in own[0] else ""
        yield f"**{task}**, split {split}, questions `{asked[:_SHOWN]}`{control}"
        yield ""
        yield f"| model | book | records | {' | '.join(keys)} | scorer |"
        yield "|---" * (4 + len(keys)) + "|"
        for report in sorted(own, key=lambda report: -(report[task][keys[0]] or 0.0)):
            figures = [_figure(report[task], key) for key in keys]
            cells = [_cell(report["model"]), report["book"], f"{report[task]['records']:,}", *figures]
            yield f"| {' | '.join([*cells, _cell(report['version'])])} |"
        yield ""


def _figure(of_task: Mapping[str, Any], key: str) -> str:
    low, high = of_task["intervals"][key]
    if None in (of_task[key], low, high):
        return "-"
    return f"{of_task[key]:.3f} [{low:.3f}, {high:.3f}]"


def _cell(text: str) -> str:
    """A text on one line, which ends no cell."""
    return one_line(text).replace("\\", "\\\\").replace("|", "\\|")
