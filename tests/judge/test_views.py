"""Prompts of other views show the same functions by other numbers, and answers are compared over them."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from subject_zoo.base.terms import TASKS
from subject_zoo.cli import main
from subject_zoo.dataset.received import Received
from subject_zoo.judge import completions
from subject_zoo.judge.cases import load_cases
from subject_zoo.judge.score import score
from subject_zoo.judge.views import view_of, view_rows
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.project import Project
from subject_zoo.records.parser import weights_in
from tests.completions import task_rows, write_answers
from tests.finished_dataset import diagnosing_config, make_dataset, tiny_config

VIEWS = 2
Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows(finished, tmp_path_factory) -> list[Row]:
    """What the command writes."""
    out = tmp_path_factory.mktemp("views") / "views.jsonl"
    assert main(["views", str(finished), "--split", "all", "--views", str(VIEWS), "-o", str(out)]) == 0
    return [json.loads(line) for line in out.read_text().splitlines()]


def scored(folder: Path, answers: list[Row], tmp_path: Path) -> dict[str, Any]:
    return score(folder, write_answers(tmp_path / "completions.jsonl", answers), "all")


def place(rows: list[Row], task: str, view: int) -> int:
    """Where the first record's answer stands."""
    return next(i for i, row in enumerate(rows) if (row["task"], row["view"]) == (task, view))


def shown(prompt: str, heading: str) -> dict[str, Any]:
    return json.loads(re.search(rf"^## {heading}\n(.*)$", prompt, re.MULTILINE)[1])


def published_rows(folder: Path) -> dict[tuple[str, int], Row]:
    """The rows of the tasks' tables, by task and id."""
    return {(task, row["example_id"]): row for task in TASKS for row in task_rows(folder, task)}


def test_view_0_is_the_record_and_others_have_its_length(finished, rows):
    published = published_rows(finished)
    assert len(rows) == len(published) * (VIEWS + 1) == 2 * 7 * (VIEWS + 1)
    prompts = {(row["task"], row["example_id"], row["view"]): row["prompt"] for row in rows}
    assert len({*prompts.values()}) == len(rows)
    for row in rows:
        record = published[row["task"], row["example_id"]]
        if row["view"] == 0:
            assert (row["prompt"], row["completion"]) == (record["prompt"], record["completion"])
        if row["task"] == "classification":
            assert row["completion"] == record["completion"]
        for text in ("prompt", "completion"):
            assert len(row[text]) == len(record[text])


@pytest.mark.parametrize(
    "overlay",
    [
        {"format": {"modification_completion": "patch", "style": "interwoven"}, "signature": {"layers": "hidden"}},
        {
            "model": {"weight_decimals": None, "precision": "bfloat16"},
            "task_generation": {"include_classification": False},
        },
        {"model": {"dropout_rate": [0.1, 0.1]}, "task_generation": {"include_modification": False}},
    ],
    ids=["patch", "modification alone", "classification alone"],
)
def test_views_of_other_configurations_are_as_true(tmp_path, overlay):
    sizes = {"num_examples": 3, "examples_per_job": 4, "splits": {"validation": 0.0, "test": 0.0}}
    make_dataset(folder := tmp_path / "dataset", tiny_config(sizes, overlay))
    rows = list(view_rows(folder, "all", VIEWS))
    stood = {
        (row["task"], row["example_id"]): {key: row[key] for key in ("prompt", "completion")}
        for row in rows
        if row["view"] == 0
    }
    published = published_rows(folder)
    assert stood == {key: {name: row[name] for name in ("prompt", "completion")} for key, row in published.items()}
    assert len({row["prompt"] for row in rows}) == len(rows)
    report = scored(folder, rows, tmp_path)
    tasks = {task for task, _ in stood}
    assert all(report[task]["views_right"] == report[task]["views_agree"] == 1 for task in tasks)
    assert report["wrong"] == {}


def test_a_view_shows_the_networks_that_the_scorer_makes_of_its_number(finished, rows):
    received = Received(finished)
    manifest = received.manifest()
    cases = {case.example_id: case for case in load_cases(received, manifest, "all")}
    tokens = Project(manifest["config"]).exam.tokens
    for row in rows:
        case = cases[row["example_id"]]
        own = case.degraded if row["task"] == "modification" else case.improved
        view = view_of(case, manifest["config"]["seed"], row["view"])
        model = view.degraded if row["task"] == "modification" else view.improved
        for name, array in weights_in(f"{row['task']}_prompt", row["prompt"], "float32").items():
            assert array.tobytes() == model.weights[name].tobytes()
        logits, expected = (KernelMLP(own.architecture, each.weights).logits(tokens) for each in (model, own))
        np.testing.assert_allclose(logits, expected, atol=1e-4)


def test_a_view_shows_the_signature_of_the_network_that_it_shows(rows):
    """Neurons' statistics move with the neurons: each row of the first layer is found by its numbers."""
    moved, before = 0, {}
    for row in rows:
        weights, signature = (shown(row["prompt"], heading) for heading in ("Weights", "Activation signature"))
        if row["view"] == 0:
            before[row["task"]] = weights, signature
            continue
        old_weights, old_signature = before[row["task"]]
        places = {tuple(np.abs(line)): place for place, line in enumerate(old_weights["network.0.weight"])}
        order = [places[tuple(np.abs(line))] for line in weights["network.0.weight"]]
        moved += order != sorted(order)
        for name in ("mean", "std"):
            now, then = (np.abs(each["0"][name]) for each in (signature, old_signature))
            np.testing.assert_allclose(now, then[order], atol=0.0101)  # the last decimal, once rounded
    assert moved > len(rows) / 2


def test_the_true_answers_agree_and_are_right_on_all_views(finished, rows, tmp_path):
    report = scored(finished, rows, tmp_path)
    for task in {row["task"] for row in rows}:
        assert report[task]["views"] == VIEWS + 1
        assert report[task]["views_agree"] == report[task]["views_right"] == 1
        assert report[task]["intervals"]["views_agree"] == [1, 1]
    assert report["modification"]["passed"] == report["classification"]["exact_match"] == 1
    assert report["wrong"] == {}


def test_a_diagnosis_is_the_same_on_all_views(tmp_path):
    folder = tmp_path / "dataset"
    make_dataset(folder, diagnosing_config({"num_examples": 4, "examples_per_job": 6}))
    rows = [row for row in view_rows(folder, "all", VIEWS) if row["task"] == "diagnosis"]
    stood = [published_rows(folder)["diagnosis", row["example_id"]] for row in rows if row["view"] == 0]
    assert [(row["prompt"], row["completion"]) for row in stood] == [
        (row["prompt"], row["completion"]) for row in rows if row["view"] == 0
    ]
    assert len({row["prompt"] for row in rows}) == len(rows)
    report = scored(folder, rows, tmp_path)["diagnosis"]
    assert report["exact_match"] == report["views_agree"] == report["views_right"] == 1
    changed = next(row for row in rows if row["view"] == 1)
    changed["completion"] = (
        "none" if changed["completion"] != "none" else "starts_with, where the letter at position 2 is A"
    )
    report = scored(folder, rows, tmp_path)["diagnosis"]
    assert report["exact_match"] == 1
    assert report["views_agree"] == report["views_right"] == 3 / 4


def test_one_answer_of_a_record_spoils_its_agreement(finished, rows, tmp_path):
    other = "all_same" if rows[place(rows, "classification", 2)]["completion"] != "all_same" else "starts_with"
    for task, completion in (("classification", other), ("classification", "?"), ("modification", "{}")):
        answers = [dict(row) for row in rows]
        answers[place(rows, task, 2)]["completion"] = completion
        report = scored(finished, answers, tmp_path)
        assert report[task]["views_agree"] == report[task]["views_right"] == pytest.approx(6 / 7)
        assert report[task]["passed" if task == "modification" else "exact_match"] == 1  # of the records as they stand
    del answers[place(rows, "modification", 1)]
    report = scored(finished, answers, tmp_path)
    assert report["wrong"]["missing"] == 1
    assert report["wrong_rows"][-1]["reason"] == "view 1 of the record has no completion"


def test_who_always_says_the_same_agrees_and_is_not_right(finished, rows, tmp_path, capsys):
    answers = [row | {"completion": "all_same"} for row in rows if row["task"] == "classification"]
    right = np.mean([row["completion"] == "all_same" for row in rows if row["task"] == "classification"])
    report = scored(finished, answers, tmp_path)
    assert report["classification"]["views_agree"] == 1
    assert report["classification"]["views_right"] == right < 1
    assert main(["score", str(finished), str(tmp_path / "completions.jsonl"), "--split", "all"]) == 0
    told = capsys.readouterr().out
    assert "classification, 7 records, 3 views of each, closed book" in told
    assert "views_agree" in told


def test_a_file_without_views_is_scored_as_before(finished, rows, tmp_path):
    plain = [{key: row[key] for key in ("example_id", "task", "completion")} for row in rows if row["view"] == 0]
    report = scored(finished, plain, tmp_path)
    every = scored(finished, rows, tmp_path)
    for task in {row["task"] for row in rows}:
        added = {"views", "views_agree", "views_right"}
        assert set(every[task]) - set(report[task]) == added
        assert report[task] == {key: value for key, value in every[task].items() if key not in added} | {
            "intervals": report[task]["intervals"]
        }


def test_a_line_that_is_too_long_is_of_its_view(finished, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(completions, "LONGEST", 200_000)
    answers = [dict(row) for row in rows]
    spoilt = answers[place(rows, "classification", 2)]
    spoilt["completion"] = spoilt.pop("completion") + " " * 300_000
    report = scored(finished, answers, tmp_path)
    assert report["wrong"] == {"missing": 1, "too_long": 1}
    assert report["classification"]["views_agree"] == pytest.approx(6 / 7)
    assert report["classification"]["exact_match"] == 1


def test_what_is_no_view_is_one_line(finished, rows, tmp_path, capsys):
    for view in (-1, 1001, "1", True):
        answers = [rows[0], rows[0] | {"view": view}]
        assert scored(finished, answers, tmp_path)["wrong"]["bad_line"] == 1
    for arguments, line in (
        (["--views", "1001"], "views is 1001; it must be at most 1000"),
        (["--split", "tests"], "split is 'tests'; it must be one of train, validation, test, all"),
    ):
        assert main(["views", str(finished), *arguments, "-o", str(tmp_path / "out.jsonl")]) == 1
        assert capsys.readouterr().out.strip() == line
        assert not (tmp_path / "out.jsonl").exists()
