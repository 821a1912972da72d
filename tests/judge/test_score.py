"""A file of completions judged against a real dataset: the truth scores 1, a copy 0, and every fault is counted."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from subject_zoo.base.terms import TASKS
from subject_zoo.chain import sample_dataset
from subject_zoo.cli import main
from subject_zoo.dataset.received import Received
from subject_zoo.judge import completions
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.cases import Case, load_cases
from subject_zoo.judge.classification import score_classification
from subject_zoo.judge.lines import score_lines
from subject_zoo.judge.modification import TARGETED_WITHIN, score_modification, score_repair
from subject_zoo.judge.score import score
from subject_zoo.project import Project
from tests.completions import task_rows, true_answers, write_answers
from tests.finished_dataset import read_facts

ALL = "all"


@pytest.fixture(scope="module")
def cases(finished) -> list[Case]:
    received = Received(finished)
    return list(load_cases(received, received.manifest(), ALL))


@pytest.fixture(scope="module")
def bench(finished) -> Bench:
    return Bench(Project(Received(finished).manifest()["config"]), fresh_seed=1)


def test_every_true_completion_passes(finished, tmp_path):
    answers = true_answers(finished, *TASKS)
    report = score(finished, write_answers(tmp_path / "true.jsonl", answers), ALL)
    assert report["modification"]["records"] == report["classification"]["records"] == len(answers) // 2 == 7
    for key in ("passed", "targeted", "repair_share", "median_distance_ratio"):
        assert report["modification"][key] == pytest.approx(1), key
    for key in ("exact_match", "macro_f1", "micro_f1", "micro_precision", "micro_recall"):
        assert report["classification"][key] == 1, key
    assert report["wrong"] == {}
    assert report["wrong_rows"] == []
    assert json.loads(json.dumps(report)) == report


def test_a_copy_passes_nothing_and_changes_nothing(finished, tmp_path):
    answers = [
        {
            "example_id": row["example_id"],
            "task": "modification",
            "completion": re.search(r"## Weights\n(\{.*\})\n", row["prompt"])[1],
        }
        for row in task_rows(finished, "modification")
    ]
    report = score(finished, write_answers(tmp_path / "copy.jsonl", answers), ALL)
    part = report["modification"]
    assert "classification" not in report
    for key in ("passed", "targeted", "target_gain", "worst_fall", "repair_share", "median_distance_ratio"):
        assert part[key] == 0, key


def test_a_detector_written_over_the_network_passes_and_is_not_targeted(bench, cases):
    """The true repair and ten times as much besides, in a symmetry of the network: neurons turned about."""
    case = next(case for case in cases if case.degraded.architecture.num_layers > 1)
    weights = dict(case.improved.weights)
    order = np.arange(case.degraded.architecture.neurons_per_layer)[::-1]
    first, second = case.degraded.architecture.linear_names[:2]
    weights[f"{first}.weight"] = weights[f"{first}.weight"][order]
    weights[f"{first}.bias"] = weights[f"{first}.bias"][order]
    weights[f"{second}.weight"] = weights[f"{second}.weight"][:, order]
    figures = score_repair(case, weights, bench)
    assert figures["passed"]
    assert figures["distance_ratio"] > TARGETED_WITHIN
    assert not figures["targeted"]


def test_figures_are_those_of_the_record(finished, bench, cases):
    rows = {row["example_id"]: row for row in task_rows(finished, "modification")}
    metadata = {}
    for path in finished.glob("data/*/*.parquet"):
        metadata |= {row["example_id"]: json.loads(row["metadata"]) for row in pq.read_table(path).to_pylist()}
    for case in cases:
        figures = score_modification(case, rows[case.example_id]["completion"], bench)
        assert figures["target_gain"] == metadata[case.example_id]["improvement"]
        pairs = [(case.degraded.weights[name], array) for name, array in case.improved.weights.items()]
        assert figures["changed_numbers"] == sum(int((a != b).sum()) for a, b in pairs)
        change, size = (
            np.concatenate([x.ravel().astype(float) for x in part])
            for part in ([b - a for a, b in pairs], [a for a, _ in pairs])
        )
        assert figures["distance"] == pytest.approx(np.linalg.norm(change) / np.linalg.norm(size), rel=1e-6)
        assert sum(count for _, count in figures["benchmark"].values()) == len(bench.benchmark[1])


def test_the_fresh_exam_is_of_other_sequences_that_nobody_trained_on(bench):
    own, fresh = ({bytes(row) for row in exam.tokens} for exam in (bench.own, bench.fresh))
    assert len(fresh - own) > 100
    trained = set()
    for example_id in range(20):
        _, dataset = sample_dataset(bench.project, [example_id])[example_id]
        trained |= {bytes(row) for row in dataset.tokens}
    held_out = [not held for held in bench.fresh.pools.held_out]
    shared = sum(1 << bit for bit, small in enumerate(held_out) if small)
    fresh_held_out = {
        bytes(row) for row, mask in zip(bench.fresh.tokens, bench.fresh.masks, strict=True) if not mask & shared
    }
    assert fresh_held_out.isdisjoint(trained)
    again = Bench(bench.project, fresh_seed=1).fresh
    assert again.tokens.tobytes() == bench.fresh.tokens.tobytes()


def test_a_line_that_is_too_long_and_of_no_task_is_told_as_one_that_is_too_long(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(completions, "LONGEST", 2000)
    answer = next(iter(true_answers(finished, *TASKS)))
    answers = [{"example_id": answer["example_id"], "task": "poetry", "completion": "x" * 4000}]
    report = score(finished, write_answers(tmp_path / "long.jsonl", answers), ALL)
    assert report["wrong"] == {"too_long": 1}


def test_faults_are_counted_by_kind_with_their_rows(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(completions, "LONGEST", 200_000)
    good = {
        answer["example_id"]: answer for answer in true_answers(finished, *TASKS) if answer["task"] == "modification"
    }
    ids = sorted(good)
    answers = [
        good[ids[0]],
        good[ids[0]],
        {**good[ids[1]], "completion": good[ids[1]]["completion"][:-5]},
        {**good[ids[2]], "completion": None},
        {**good[ids[3]], "completion": "{" * 400_000},
        {**good[ids[4]], "task": "poetry"},
        {**good[ids[4]], "example_id": 999_999},
        {**good[ids[4]], "example_id": "4"},
        "not JSON",
        "",
        "[1, 2]",
        '{"example_id": 1}',
    ]
    report = score(finished, write_answers(tmp_path / "faults.jsonl", answers), ALL)
    assert report["wrong"] == {
        "bad_line": 4,
        "cut_off": 1,
        "duplicate_id": 1,
        "empty": 1,
        "missing": 4,
        "too_long": 1,
        "unknown_id": 1,
        "unknown_task": 1,
    }
    assert report["modification"]["records"] == 7
    assert report["modification"]["passed"] == pytest.approx(1 / 7)
    places = {row["kind"]: (row["line"], row["example_id"]) for row in report["wrong_rows"]}
    assert places["cut_off"] == (3, ids[1])
    assert places["too_long"] == (5, ids[3])
    assert places["unknown_id"] == (7, 999_999)
    told = list(score_lines(report))
    assert any("missing 4" in line for line in told)
    first = {line.split()[0]: line for line in told if " first in " in line}
    assert set(first) == set(report["wrong"])
    assert "first in line 8: example_id is no whole number" in first["bad_line"]
    assert first["missing"].endswith("the record has no completion")


def test_a_file_that_answers_nothing_says_so(finished, tmp_path):
    report = score(
        finished, write_answers(tmp_path / "prompts.jsonl", ['{"example_id": 1, "task": "modification"}']), "test"
    )
    told = list(score_lines(report))
    assert "nothing was judged: no line answers a record of the split test" in told
    assert told[-1].endswith("first in line 1: not a JSON object with example_id, task and completion")


def test_a_hundred_megabytes_cost_bounded_memory(finished, tmp_path):
    path = tmp_path / "large.jsonl"
    answer = true_answers(finished, *TASKS)[0]
    with open(path, "w") as file:
        file.write(json.dumps({**answer, "completion": ""})[:-2])
        for _ in range(100):
            file.write("9" * 1_000_000)
        file.write('"}\n' + json.dumps(true_answers(finished, *TASKS)[1]) + "\n")
    code = f"""
from pathlib import Path
from subject_zoo.judge.completions import read_completions
found = [(c.wrong, c.example_id, c.task) for c in read_completions(Path({str(path)!r}))]
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(found, int(peak.split()[1]) // 1024)
"""
    scripts = str(Path(completions.__file__).parents[2])
    environment = {"PYTHONPATH": scripts}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    found, mebibytes = done.stdout.rsplit(" ", 1)
    assert f"('too_long', {answer['example_id']}, 'modification'), (None, " in found, done.stderr
    assert int(mebibytes) < 150


def test_the_command_prints_a_table_and_writes_the_report(finished, tmp_path, capsys):
    path, out = write_answers(tmp_path / "true.jsonl", true_answers(finished, *TASKS)), tmp_path / "report.json"
    assert main(["score", str(finished), str(path), "--split", ALL, "--json", str(out), "--with-tools"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"dataset v{read_facts(finished)['facts_sha256'][:12]}, split {ALL}\n")
    assert "modification, 7 records, with tools book" in told
    assert "targeted" in told
    report = json.loads(out.read_text())
    assert report["modification"]["passed"] == 1
    assert set(report) >= {"version", "dataset", "modification", "classification", "wrong"}
    assert re.fullmatch("[0-9a-f]{64}", report["dataset"]["manifest_sha256"])
    assert report["dataset"]["facts_sha256"].startswith(report["dataset"]["tag"].removeprefix("v"))


def test_what_cannot_be_judged_is_one_line(finished, tmp_path, capsys):
    good = write_answers(tmp_path / "true.jsonl", true_answers(finished, *TASKS))
    for arguments, expected in (
        ([tmp_path, good], "manifest.json: cannot be read"),
        ([finished, tmp_path / "none.jsonl"], "none.jsonl: cannot be read (No such file or directory)"),
        ([finished, good, "--split", "tests"], "split is 'tests'; it must be one of train, validation, test, all"),
    ):
        assert main(["score", *map(str, arguments)]) == 1
        told = capsys.readouterr().out.strip()
        assert expected in told
        assert "\n" not in told


def test_classification_counts_names():
    enabled = ["all_same", "palindrome", "starts_with"]
    figures = score_classification({"all_same", "palindrome"}, "palindrome, starts_with", enabled)
    assert (figures["precision"], figures["recall"], figures["f1"]) == (0.5, 0.5, 0.5)
    assert figures["false_claims"] == ["starts_with"]
    assert not figures["exact"]
    assert score_classification({"all_same"}, "gibberish", enabled)["wrong"] == "no_names"


def test_a_file_without_a_line_is_refused(finished, tmp_path, capsys):
    assert main(["score", str(finished), str(write_answers(tmp_path / "empty.jsonl", ["", " "])), "--split", ALL]) == 1
    assert "empty.jsonl: has no line" in capsys.readouterr().out


def test_a_figure_of_nothing_is_none_and_a_report_is_json_that_anybody_reads(finished, tmp_path):
    answers = [{**answer, "completion": "?"} for answer in true_answers(finished, *TASKS)]
    report = score(finished, write_answers(tmp_path / "unread.jsonl", answers), ALL)
    assert report["modification"]["benchmark_accuracy_target"] is None
    assert report["classification"]["micro_precision"] is None
    json.dumps(report, allow_nan=False)
    assert any(line.split() == ["micro_precision", "-"] for line in score_lines(report))
