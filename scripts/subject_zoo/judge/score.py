"""A file of completions judged against a dataset, without another language model: the networks are run.

report = score(Path("results/dataset"), Path("completions.jsonl"))
print("\\n".join(lines(report)))
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np

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
from subject_zoo.judge.classification import score_classification
from subject_zoo.judge.completions import Completion, read_completions
from subject_zoo.judge.diagnosis import score_diagnosis, summarise_diagnoses
from subject_zoo.judge.intervals import f1_intervals, mean_interval, share_interval
from subject_zoo.judge.modification import score_modification
from subject_zoo.judge.views import over_views, view_of

_ROWS = 1000  # of wrong completions that a report lists, at most

Interval = tuple[float, float, float]  # value, and the ends of its 95 % interval


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
    cases = {c.example_id: c for c in _first(records, load_cases(received, manifest, split))}
    bench = Bench(received.project(config), fresh_seed)
    enabled, lacking = config["patterns"]["enabled"], left_out_tasks(config["task_generation"])

    scores: dict[str, dict[tuple[int, int], dict[str, Any]]] = {task: {} for task in TASKS}  # by id and view
    wrong: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []

    def note(kind: str, reason: str, completion: Completion | None, example_id: int | None, task: str | None) -> None:
        wrong[kind] += 1
        if len(rows) < _ROWS:
            line = completion.line if completion else None
            rows.append({"line": line, "example_id": example_id, "task": task, "kind": kind, "reason": reason})

    asked = set()
    for read in read_completions(completions):
        asked.add(read.task)
        completion = _asked_for(read, lacking)
        example_id, task, view = completion.example_id, completion.task, completion.view
        if example_id is not None and task is not None and example_id not in cases:
            note("unknown_id", f"no record of that id in the split {split}", completion, example_id, task)
        elif example_id is not None and task is not None and (example_id, view) in scores[task]:
            note("duplicate_id", "it was answered before", completion, example_id, task)
        elif completion.wrong is not None:
            note(completion.wrong, completion.reason, completion, example_id, task)
        elif example_id is not None and task is not None:
            case = view_of(cases[example_id], config["seed"], view)
            figures = scores[task][example_id, view] = score_answer(task, case, completion.text, bench, enabled)
            if figures["wrong"] is not None:
                note(figures["wrong"], figures["reason"], completion, example_id, task)
    if not (asked or wrong):
        raise UserError(f"{completions}: has no line; each is to hold example_id, task and completion")
    answered = {task: sorted({0, *(view for _, view in scores[task])}) for task in TASKS if scores[task]}
    for task, views in answered.items():
        for example_id, view in product(cases, views):
            if (example_id, view) not in scores[task]:
                nothing = score_answer(task, cases[example_id], "", bench, enabled)
                scores[task][example_id, view] = nothing | {"wrong": "missing"}
                of_view = f"view {view} of the record" if view else "the record"
                note("missing", f"{of_view} has no completion", None, example_id, task)
    report: dict[str, Any] = {
        "version": __version__,
        **({} if model is None else {"model": model}),
        "dataset": {
            "tag": version_tag(manifest),
            "facts_sha256": manifest["facts_sha256"],
            "manifest_sha256": digest_of(received.read(MANIFEST)),
            "split": split,
            "asked_sha256": {task: asked_digest(received, manifest, task, split, cases) for task in answered},
        },
        "book": "with tools" if with_tools else "closed",
        "fresh_seed": fresh_seed,
    }
    for task, views in answered.items():
        pairs = [(case, scores[task][example_id, 0]) for example_id, case in cases.items()]
        part = _SUMMARIES[task](pairs, enabled)
        if len(views) > 1:
            means = over_views(task, [[scores[task][example_id, view] for view in views] for example_id in cases])
            part |= {"views": len(views), **{key: value for key, (value, _, _) in means.items()}}
            part["intervals"] |= {key: [low, high] for key, (_, low, high) in means.items()}
        report[task] = _told(part)
    control = {"shuffle": shuffle} if (shuffle := config["format"]["shuffle"]) != "none" else {}
    not_judged = {task: reason for task, reason in lacking.items() if task in asked}
    left_out = {"not_judged": not_judged} if not_judged else {}
    return {**report, **control, **left_out, "wrong": dict(sorted(wrong.items())), "wrong_rows": rows}


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


def _asked_for(completion: Completion, lacking: Mapping[str, str]) -> Completion:
    """The completion, as one that is wrong where it is of a task that the dataset lacks."""
    if completion.task is None or completion.task not in lacking:
        return completion
    reason = f"{lacking[completion.task]} in this dataset"
    return replace(completion, task=None, wrong="unknown_task", reason=reason)


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


def _modification(pairs: Sequence[tuple[Case, Mapping[str, Any]]], _: Sequence[str]) -> dict[str, Any]:
    """Shares and means over records; `intervals` has the 95 % interval of each, `by_target` shares by target."""
    means = {
        key: mean_interval(np.array([figures[key] for _, figures in pairs], np.float64))
        for key in ("passed", "targeted", "passed_fresh", "target_gain", "worst_fall", "repair_share")
    }
    read = [figures for _, figures in pairs if figures["benchmark"] is not None]
    for part in ("target", "others"):
        right, count = (sum(figures["benchmark"][part][place] for figures in read) for place in (0, 1))
        means[f"benchmark_accuracy_{part}"] = share_interval(right, count)
    by_target: dict[str, Any] = {}
    for name in sorted({case.target for case, _ in pairs}):
        own = [figures for case, figures in pairs if case.target_pattern == name]
        shares = {key: float(np.mean([figures[key] for figures in own])) for key in ("passed", "targeted")}
        by_target[name] = {"records": len(own), **shares}
    medians = {
        key: float(np.median([figures[key] for figures in read])) if read else None
        for key in ("changed_numbers", "distance", "distance_ratio")
    }
    failed = Counter(reason for _, figures in pairs for reason in figures["reasons"])
    return {
        "records": len(pairs),
        **{key: value for key, (value, _, _) in means.items()},
        **{f"median_{key}": value for key, value in medians.items()},
        "fails_gate": dict(failed.most_common()),
        "intervals": {key: [low, high] for key, (_, low, high) in means.items()},
        "by_target": by_target,
    }


def _classification(pairs: Sequence[tuple[Case, Mapping[str, Any]]], enabled: Sequence[str]) -> dict[str, Any]:
    """Exact match, and precision, recall and F1 over records, over all names (micro) and over patterns (macro)."""
    true = np.array([[name in case.listed_patterns for name in enabled] for case, _ in pairs])
    named = np.array([[name in figures["named"] for name in enabled] for _, figures in pairs])
    means = {"exact_match": mean_interval(np.array([figures["exact"] for _, figures in pairs], np.float64))}
    means |= f1_intervals(true, named)
    for key, of in (("precision", named), ("recall", true)):
        means[f"micro_{key}"] = share_interval(int((true & named).sum()), int(of.sum()))
    by_pattern = {}
    for place, name in enumerate(enabled):
        hits, claims, truths = (int(of[:, place].sum()) for of in (true & named, named, true))
        by_pattern[name] = {
            "true": truths,
            "named": claims,
            "precision": hits / claims if claims else None,
            "recall": hits / truths if truths else None,
            "f1": 2 * hits / (claims + truths) if claims + truths else None,
        }
    return {
        "records": len(pairs),
        **{key: value for key, (value, _, _) in means.items()},
        "false_claims": int((named & ~true).sum()),
        "intervals": {key: [low, high] for key, (_, low, high) in means.items()},
        "by_pattern": by_pattern,
    }


_SUMMARIES = {"modification": _modification, "classification": _classification, "diagnosis": summarise_diagnoses}


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """A report as a table for a terminal."""
    if "shuffle" in report:
        yield "a control: prompts show other records' networks, and answers are judged by their own records'"
    yield f"dataset {report['dataset']['tag']}, split {report['dataset']['split']}"
    for task in TASKS:
        if task in report:
            yield from _of_task(task, report[task], report["book"])
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


def _of_task(task: str, part: Mapping[str, Any], book: str) -> Iterator[str]:
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
