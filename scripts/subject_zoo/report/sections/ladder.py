"""How far programs get that are no interpreters, if that was measured."""

from collections.abc import Mapping
from typing import Any

from subject_zoo.judge.rungs import TRUTHS
from subject_zoo.report.charts.ranges import Dot, ranges
from subject_zoo.report.parts import Figure, Section, table

_FIGURES = {
    "classification": ("macro_f1", "macro F1"),
    "modification": ("passed", "share of repairs that pass the gates"),
    "diagnosis": ("exact_match", "share of exact diagnoses"),
}
_NAME = "What an interpreter has to beat"
_HOW = "make baseline measures it, in minutes to an hour; then write this page again (make report)."


def not_measured() -> Section:
    """How it can be."""
    return Section("ladder", _NAME, f"The ladder of baselines was not measured for this page. {_HOW}")


def ladder(report: Mapping[str, Any], is_of_this: bool) -> Section:
    """`report` is what `read_ladder` gave, and whether it is of this very dataset."""
    introduction = "An interpreter is worth what it has above the best program here."
    if not is_of_this:
        introduction += " These figures were measured on another state of the dataset, by its manifest."
    if "tested_on" in report:
        introduction += " The programs learned from its configuration, and were tested on another dataset's."
    figures = [_figure(task, report[task]) for task in _FIGURES if report.get(task)]
    return Section("ladder", _NAME, introduction, figures)


def _figure(task: str, rungs: Mapping[str, Mapping[str, Any]]) -> Figure:
    key, unit = _FIGURES[task]
    rows, lines = [], []
    for rung, row in rungs.items():
        low, high = row["intervals"][key]
        is_truth = rung in TRUTHS
        told = f"{rung}: {row[key]:.3f} (95 %: {low:.3f} to {high:.3f})" + (", a ceiling" if is_truth else "")
        rows.append((rung, [Dot(row[key], low, high, told, "other" if is_truth else "after", is_truth)]))
        lines.append([rung, round(row[key], 4), round(low, 4), round(high, 4)])
    rivals = {rung: row[key] for rung, row in rungs.items() if rung not in TRUTHS}
    best = max(rivals, key=lambda rung: rivals[rung]) if rivals else None
    return Figure(
        f"{task.capitalize()}: {best} reaches {rivals[best]:.2f}" if best else f"{task.capitalize()}: ceilings alone",
        ranges(rows, f"Dots: {unit} of each program, with its 95 % interval", unit, left=140),
        "Dots: programs, with 95 % intervals; squares: what the truth itself scores.",
        table([task, unit, "95 % from", "to"], lines),
    )
