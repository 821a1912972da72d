"""The judge's reports as lines for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from subject_zoo.base.terms import TASKS
from subject_zoo.judge.rungs import not_run


def score_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """What a file of completions is worth, as `score` reports it."""
    if "shuffle" in report:
        yield "a control: prompts show other records' networks, and answers are judged by their own records'"
    yield f"dataset {report['dataset']['tag']}, split {report['dataset']['split']}"
    for task in TASKS:
        if task in report:
            yield from _task_lines(task, report[task], report["book"])
    for task, reason in report.get("not_judged", {}).items():
        yield f"{task} is not judged, since {reason}"
    if not report.get("ladder_is_of_this", True):
        yield "the ladder was measured on other records, by the manifest that it names"
    for task, figures in report.get("above_ladder", {}).items():
        for key, row in figures.items():
            yield f"{task} {key}: {row['above']:+.3f} above {row['rung']}, the best rung of the ladder"
    if not any(task in report for task in TASKS):
        yield f"nothing was judged: no line answers a record of the split {report['dataset']['split']}"
    if report["wrong"]:
        yield "wrong: " + ", ".join(f"{kind} {count}" for kind, count in report["wrong"].items())
        yield from _first_of_each_kind(report["wrong_rows"])


def _task_lines(task: str, part: Mapping[str, Any], book: str) -> Iterator[str]:
    views = f", {part['views']} views of each" if "views" in part else ""
    yield f"{task}, {part['records']} records{views}, {book} book"
    for key, (low, high) in part["intervals"].items():
        figure = f"{'-':>8}" if part[key] is None else f"{part[key]:8.3f}   [{low:.3f}, {high:.3f}]"
        yield f"  {key:28} {figure}"
    for key in ("median_changed_numbers", "median_distance_ratio", "false_claims"):
        if part.get(key) is not None:
            yield f"  {key:28} {part[key]:8.3f}"
    for gate, count in part.get("fails_gate", {}).items():
        yield f"  fails {gate:22} {count:8d}"


def _first_of_each_kind(wrong_rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    firsts = {row["kind"]: row for row in reversed(wrong_rows)}
    for kind, row in sorted(firsts.items()):
        where = f"record {row['example_id']}" if row["line"] is None else f"line {row['line']}"
        yield f"  {kind:16} first in {where}: {row['reason']}"


def ladder_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """All rungs, as `ladder` reports them."""
    if "tested_on" in report:
        yield "tested on records of another folder"
    if report["rows"]:
        yield f"{'classification':24} {'read by':11} {'split':12} {'learned':>7} {'macro F1':>8} {'':16} {'exact':>6}"
    for row in report["rows"]:
        low, high = row["intervals"]["macro_f1"]
        yield (
            f"{row['rung']:24} {row['kind']:11} {row['split']:12} {row['training']:7d} {row['macro_f1']:8.3f} "
            f"[{low:.3f}, {high:.3f}]  {row['exact_match']:6.3f}"
        )
    for name, reason in report["left_out"].items():
        yield f"left out: {name}, since {reason}"
    if report["modification"]:
        yield f"{'modification':24} {'passed':>8} {'':16} {'targeted':>8}"
    for rung, row in report["modification"].items():
        low, high = row["intervals"]["passed"]
        yield f"{rung:24} {row['passed']:8.3f} [{low:.3f}, {high:.3f}]  {row['targeted']:8.3f}"
    if "diagnosis" in report:
        yield f"{'diagnosis':24} {'exact':>8} {'':16} {'fault':>8} {'pattern':>8} {'positions':>9}"
    for rung, row in report.get("diagnosis", {}).items():
        low, high = row["intervals"]["exact_match"]
        positions = "-" if row["region_positions"] is None else f"{row['region_positions']:.3f}"
        yield (
            f"{rung:24} {row['exact_match']:8.3f} [{low:.3f}, {high:.3f}]  {row['fault']:8.3f} {row['pattern']:8.3f} "
            f"{positions:>9}"
        )
    if missing := not_run(report):
        yield f"not run: {', '.join(missing)}; subject-zoo prompts writes what to ask a language model"
    if report["noise"]:
        yield f"{'the same repair twice':36} {'median':>8} {'5 %':>8} {'95 %':>8}"
    for name, (low, middle, high) in report["noise"].items():
        yield f"{name:36} {middle:8.3f} {low:8.3f} {high:8.3f}"
