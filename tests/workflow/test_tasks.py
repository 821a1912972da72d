"""Only what is asked for is made: examples and datasets without one of the tasks, against those with both."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metadata_guess import COLUMNS, describe
from published_records import read_records
from remeasure import remeasure

from subject_zoo.base.arrays import save_npz
from subject_zoo.base.terms import AUDIT
from subject_zoo.chain import MadeExamples, make_examples
from subject_zoo.cli import main
from subject_zoo.evaluation.gates import gates_of
from subject_zoo.judge import ladder, reading
from subject_zoo.judge.ladder import Effort
from subject_zoo.judge.lines import ladder_lines
from subject_zoo.project import Project
from tests.completions import write_answers
from tests.finished_dataset import found, longest_file, make_dataset, read_facts, read_table_rows, tiny_config

ALONE = {
    "modification": {"task_generation": {"include_classification": False}},
    "classification": {"task_generation": {"include_modification": False}},
}
GATES = {
    "modification": ["improvement", "specificity", "stability", "competence", "repair"],
    "classification": ["competence", "claim"],
}
SMALLEST = Effort(
    sizes=(20,), tested=20, repaired=2, seeds=1, steps=2, repair_steps=2, diagnosis_steps=2, nets_everywhere=False
)


def made(config: dict[str, Any], example_ids: range) -> MadeExamples:
    return make_examples(Project(config, provenance={"signature_dataset": "of this test"}), example_ids)


def same_weights(one: Any, other: Any) -> bool:
    return all(np.array_equal(array, other.weights[name]) for name, array in one.weights.items())


@settings(max_examples=10)
@given(st.integers(0, 99), st.integers(0, 10**6), st.sampled_from(["full", "patch"]), st.booleans())
def test_modification_alone_is_the_same_without_what_only_classification_needs(seed, first, form, exact):
    overlay = {"seed": seed, "format": {"modification_completion": form}, "validation": {"exact": exact}}
    ids = range(first, first + 4)
    both, alone = (made(tiny_config(overlay, further), ids) for further in ({}, ALONE["modification"]))
    for i in ids:
        assert alone.examples[i][0] == both.examples[i][0]
        assert np.array_equal(alone.examples[i][1].corrupted_labels, both.examples[i][1].corrupted_labels)
        assert same_weights(alone.improved[i], both.improved[i])
        verdict = {k: v for k, v in both.verdicts[i].items() if k not in ("accepted", "reasons")}
        of_claim = [verdict.pop(name) for name in ("positive_rate", "true_rate", "classified_patterns")]
        assert all(of_claim[:2])
        reasons = [gate for gate in both.verdicts[i]["reasons"] if gate != "claim"]
        assert alone.verdicts[i] == verdict | {"accepted": not reasons, "reasons": reasons}
    records = {record["example_id"]: record for record in alone.records}
    assert {i for i in ids if alone.verdicts[i]["accepted"]} == set(records)
    for record in both.records:
        own = records[record["example_id"]]
        assert set(record) - set(own) == {"classification_prompt", "classification_completion", "improved_signature"}
        assert all(own[name] == record[name] for name in own if name != "metadata")
        assert list(alone.signatures[record["example_id"]]) == ["degraded"]


@settings(max_examples=10)
@given(st.integers(0, 99), st.integers(0, 10**6), st.sampled_from(["region", "random"]), st.booleans())
def test_classification_alone_is_stage_1_of_the_same_draws_on_clean_labels(seed, first, corruption, exact):
    overlay = {"seed": seed, "dataset": {"corruption": corruption}, "validation": {"exact": exact}}
    clean = {"dataset": {"corruption": corruption, "corruption_rate": 0.0}}
    ids = range(first, first + 4)
    both, alone = made(tiny_config(overlay, clean), ids), made(tiny_config(overlay, ALONE["classification"]), ids)
    for i in ids:
        (plan, dataset), (of_both, its_dataset) = alone.examples[i], both.examples[i]
        assert plan.to_dict() == of_both.to_dict() | {"target_pattern": None}
        for name in ("tokens", "labels", "owners", "is_validation"):
            assert np.array_equal(getattr(dataset, name), getattr(its_dataset, name))
        assert np.array_equal(dataset.corrupted_labels, dataset.labels)
        assert same_weights(alone.improved[i], both.degraded[i])
        assert same_weights(alone.degraded[i], both.degraded[i])
        verdict = alone.verdicts[i]
        assert verdict["improved"] == both.verdicts[i]["degraded"]
        assert set(verdict["reasons"]) <= {"competence", "claim"}
        assert ("exact" in verdict) == exact
        assert not exact or set(verdict["exact"]) == {"sequences", "satisfying", "improved"}
    of_faults = {"target_pattern", "degraded", "simple_repairs", "improvement", "corruption_stats"}
    for record in alone.records:
        columns = ("classification_prompt", "classification_completion", "improved_model_weights", "improved_signature")
        assert list(record) == ["example_id", *columns, "training_metrics", "metadata"]
        assert of_faults.isdisjoint(json.loads(record["metadata"]))
        assert "degraded" not in record["metadata"] + record["training_metrics"]
        assert record["classification_completion"]


def test_patterns_too_small_for_a_fault_are_selected_alone_where_none_is_made():
    few = {"min_target_sequences": 10**9, "max_patterns_per_batch": 1}
    config = tiny_config({"patterns": few}, ALONE["classification"])
    selected = {plan.selected_patterns for plan, _ in made(config, range(40)).examples.values()}
    assert selected == {(name,) for name in config["patterns"]["enabled"]}


@pytest.mark.parametrize("task", ALONE)
def test_only_the_gates_of_the_task_are_asked(task):
    config = tiny_config(ALONE[task])
    assert gates_of(config["task_generation"]) == GATES[task]
    for verdict in made(config, range(6)).verdicts.values():
        assert AUDIT in verdict
        assert set(verdict["reasons"]) <= set(GATES[task])


@pytest.fixture(scope="module", params=ALONE)
def dataset(request, tmp_path_factory) -> tuple[str, Path]:
    """A task, and a finished dataset of it alone. Read only."""
    folder = tmp_path_factory.mktemp(request.param) / "dataset"
    sizes = {"num_examples": 3, "examples_per_job": 6, "validation": {"exact": True}}
    make_dataset(folder, tiny_config(sizes, ALONE[request.param]))
    return request.param, folder


def test_a_dataset_of_one_task_is_verified_and_trained_again_here_and_elsewhere(dataset, tmp_path, monkeypatch):
    _, folder = dataset
    told: list[str] = []
    assert found(folder, retrained=2, told=told) == []
    assert told[-1] == "2 records were trained again"
    monkeypatch.setattr("subject_zoo.verification.verify.compare_environments", lambda manifest: ["torch was 0, is 1"])
    assert found(folder, retrained=2) == []


def test_its_files_hold_no_more_than_that(dataset):
    task, folder = dataset
    (stage,) = {"modification": ["degraded"], "classification": ["improved"]}[task]
    with np.load(next(folder.glob("signatures/*"))) as arrays:
        assert {"degraded", "improved"} & set(arrays) == {stage}
    row = read_table_rows(folder / longest_file(folder))[0]
    assert [name for name in row if name.endswith("_signature")] == [f"{stage}_signature"]
    assert ("target_pattern" in row) == ("degraded_model_weights" in row) == (task == "modification")
    names = (folder / "README.md").read_text()
    assert ("degraded_" in names.partition("```yaml\nseed")[0]) == (task == "modification")
    assert not (folder / ("classification" if task == "modification" else "modification")).exists()


def test_a_record_of_it_is_shown(dataset, capsys):
    task, folder = dataset
    row = read_table_rows(folder / longest_file(folder))[0]
    assert main(["show", str(folder), str(row["example_id"])]) == 0
    shown = capsys.readouterr().out
    mends = task == "modification"
    assert ("<- corrupted, then mended" in shown) == ("Flipped were" in shown) == ("before" in shown) == mends
    assert f"Signature of the {'degraded' if mends else 'improved'} network" in shown


def test_answers_of_the_other_task_are_not_judged_and_the_ladder_leaves_it_out(dataset, tmp_path, monkeypatch, capsys):
    task, folder = dataset
    other = "classification" if task == "modification" else "modification"
    row = read_table_rows(folder / longest_file(folder))[0]
    texts = {"modification": "{}", "classification": "palindrome"}
    answers = [{"example_id": row["example_id"], "task": name, "completion": texts[name]} for name in (task, other)]
    path = write_answers(tmp_path / "answers.jsonl", answers)
    arguments = ["score", str(folder), str(path), "--split", "all"]
    assert main([*arguments, "--json", str(tmp_path / "score.json")]) == 0
    reason = f"task_generation.include_{other} is false"
    assert f"{other} is not judged, since {reason}" in capsys.readouterr().out
    report = json.loads((tmp_path / "score.json").read_text())
    assert (task in report, other in report, report["wrong"]["unknown_task"]) == (True, False, 1)
    monkeypatch.setattr(reading, "KINDS", {"weights": ("regression",)})
    rungs = ladder.ladder(folder, SMALLEST)
    assert rungs["left_out"][other] == reason
    assert (bool(rungs[task]), bool(rungs[other])) == (True, False)
    assert f"left out: {other}, since {reason}" in list(ladder_lines(rungs))


def test_the_benchmarks_measure_what_there_is_and_say_what_is_not(dataset, tmp_path):
    task, folder = dataset
    other = "classification" if task == "modification" else "modification"
    save_npz(tmp_path / "pools.npz", Project(read_facts(folder)["config"]).pools.to_arrays())
    report = remeasure(folder, tmp_path / "pools.npz")
    assert (report["records"], report["without"]) == (3, [other])
    bars = {bar["bar"]: bar for bar in report["bars"]}
    assert bars[f"true {task} completions"]["holds"]
    assert bars["true figures of the whole space (3)"]["holds"]
    assert f"true {other} completions" not in bars
    assert ("median gain of the target" in bars) == (task == "modification")
    for record in read_records(folder, COLUMNS):
        _, _, lengths = describe(record)
        assert (f"{task}_prompt" in lengths, f"{other}_prompt" in lengths) == (True, False)
        assert ("degraded_model_weights" in lengths) == (task == "modification")
