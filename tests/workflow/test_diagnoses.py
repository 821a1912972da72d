"""Diagnoses from the draw to the score: what is told is true of the printed network, and nothing else tells it."""

import json
from collections import Counter
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from subject_zoo.base.terms import SOUND_RATE, STAGES
from subject_zoo.chain import MadeExamples, make_examples
from subject_zoo.cli import main
from subject_zoo.examples.plan import draw_diagnosed
from subject_zoo.judge import ladder, reading
from subject_zoo.judge.diagnosing import RUNGS
from subject_zoo.judge.ladder import Effort
from subject_zoo.judge.lines import ladder_lines
from subject_zoo.judge.rungs import summary
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.model import StoredModel
from subject_zoo.patterns.sequences import satisfies
from subject_zoo.patterns.space import pattern_space
from subject_zoo.project import Project
from subject_zoo.records.parser import parsing_differences, weights_in
from tests.completions import write_answers
from tests.finished_dataset import (
    diagnosing_config,
    found,
    hide,
    longest_file,
    make_dataset,
    read_table_rows,
)
from tests.record_tables import edit_rows

SMALLEST = Effort(
    sizes=(20,), tested=20, repaired=2, seeds=1, steps=2, repair_steps=2, diagnosis_steps=2, nets_everywhere=False
)
OFF = {"task_generation": {"include_diagnosis": False}}
PROVENANCE = {"signature_dataset": "of this test"}
EXAMPLES = range(24)


@pytest.fixture(scope="module")
def project() -> Project:
    return Project(diagnosing_config(), provenance=PROVENANCE)


@pytest.fixture(scope="module")
def made(project) -> MadeExamples:
    return make_examples(project, EXAMPLES)


def printed(record: dict, model: StoredModel) -> StoredModel:
    """The network in a diagnosis prompt."""
    weights = weights_in("diagnosis_prompt", record["diagnosis_prompt"], model.architecture.precision)
    return StoredModel(model.architecture, weights, {})


def test_what_is_said_is_true_of_the_printed_network_on_all_sequences_that_there_are(project, made):
    space = pattern_space(project.config["patterns"])
    grid = np.indices((space.vocab_size,) * space.sequence_length, np.uint8)
    every = np.ascontiguousarray(grid.reshape(space.sequence_length, -1).T)
    told = Counter()
    for record in made.records:
        diagnosis = json.loads(record["metadata"])["diagnosis"]
        told[record["diagnosis_completion"] == "none"] += 1
        model = printed(record, made.improved[record["example_id"]])
        selected = json.loads(record["metadata"])["selected_patterns"]
        holding = {name: satisfies(space, name, every) for name in selected}
        taken = np.zeros(len(every), bool)
        for name in sorted(selected, key=lambda name: holding[name].sum()):  # each its own sequences, the rarest first
            own, taken = every[holding[name] & ~taken], taken | holding[name]
            positive = model_calls(model, own)
            # whether it does poorly is told by test sequences, of which there are at most 40
            is_poor = record["diagnosis_completion"].startswith(f"{name}, where")
            assert positive.mean() < SOUND_RATE + 0.05 if is_poor else positive.mean() > SOUND_RATE - 0.1
            if is_poor:
                inside = region_of(diagnosis["fault"], own)
                assert (~positive[inside]).mean() >= SOUND_RATE
                assert positive[~inside].mean() >= SOUND_RATE
    assert min(told[True], told[False]) >= 5


def model_calls(model: StoredModel, tokens: np.ndarray) -> np.ndarray:
    return KernelMLP(model.architecture, model.weights).logits(tokens) > 0


def region_of(fault: dict, tokens: np.ndarray) -> np.ndarray:
    words = ["".join("ABCDEFG"[row[position - 1]] for position in fault["positions"]) for row in tokens.tolist()]
    return np.isin(words, fault["letters"])


def test_the_network_that_is_shown_is_drawn_and_nothing_else_depends_on_it(project, made):
    assert Counter(draw_diagnosed(0, i) for i in range(4000))["degraded"] == pytest.approx(2000, abs=130)  # 4 sigmas
    alone = make_examples(Project(diagnosing_config(OFF), provenance=PROVENANCE), EXAMPLES)
    for i, verdict in made.verdicts.items():
        own = {key: value for key, value in verdict.items() if key not in ("diagnosis", "accepted", "reasons")}
        assert own == {key: value for key, value in alone.verdicts[i].items() if key in own}
        assert "diagnosis" not in alone.verdicts[i]
        reasons = [gate for gate in verdict["reasons"] if gate != "diagnosis"]
        assert reasons == alone.verdicts[i]["reasons"]
        assert (verdict["diagnosis"] is None) == bool(reasons)
        if verdict["diagnosis"] is not None:
            assert verdict["diagnosis"]["shown"] == draw_diagnosed(project.config["seed"], i)
    records = {record["example_id"]: record for record in alone.records}
    for record in made.records:
        same = records[record["example_id"]]
        assert set(record) - set(same) == {"diagnosis_prompt", "diagnosis_completion"}
        assert all(record[name] == same[name] for name in same if name != "metadata")
        stage = json.loads(record["metadata"])["diagnosis"]["shown"]
        models = {name: getattr(made, name)[record["example_id"]] for name in STAGES}
        assert not list(parsing_differences(record, models, "full", models, stage))
        shown = weights_in("diagnosis_prompt", record["diagnosis_prompt"], "float32")
        assert all(np.array_equal(shown[name], array) for name, array in models[stage].weights.items())


def test_prompts_of_both_networks_are_equally_long(made):
    lengths = {}
    for record in made.records:
        metadata = json.loads(record["metadata"])
        key = (*metadata["selected_patterns"], *map(str, metadata["model_config"].values()))
        lengths.setdefault(key[:-4], set()).add(len(record["diagnosis_prompt"]))
    assert all(len(of) == 1 for of in lengths.values())


def test_without_classification_both_networks_have_signatures(project):
    config = diagnosing_config({"task_generation": {"include_classification": False}})
    [record, *_] = make_examples(Project(config, provenance=PROVENANCE), range(4)).records
    assert {"degraded_signature", "improved_signature", "diagnosis_prompt"} < set(record)


@pytest.fixture(scope="module")
def diagnosed(tmp_path_factory) -> Path:
    """A finished dataset with diagnoses. Read only."""
    folder = tmp_path_factory.mktemp("diagnosed") / "dataset"
    make_dataset(folder, diagnosing_config({"num_examples": 12, "examples_per_job": 8}))
    return folder


def test_a_dataset_of_diagnoses_is_verified_here_and_elsewhere(diagnosed, monkeypatch):
    assert found(diagnosed, retrained=1) == []
    monkeypatch.setattr("subject_zoo.verification.verify.compare_environments", lambda manifest: ["torch was 0, is 1"])
    assert found(diagnosed) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [("poor_pattern", "none"), ("region_letters", ["AA"]), ("completion", "none"), ("prompt", "What is this?\n")],
)
def test_another_diagnosis_is_a_problem(diagnosed, tmp_path, column, value):
    folder = Path(copytree(diagnosed, tmp_path / "dataset"))
    path = folder / longest_file(folder).replace("data", "diagnosis", 1)
    row = next(place for place, row in enumerate(read_table_rows(path)) if row["poor_pattern"] != "none")
    edit_rows(path, lambda rows: rows[row].update({column: value}))
    hide(folder)
    problems = [str(problem) for problem in found(folder)]
    assert any("diagnosis/" in problem for problem in problems)


def test_its_records_are_shown_and_scored(diagnosed, tmp_path, capsys):
    rows = read_table_rows(diagnosed / longest_file(diagnosed).replace("data", "diagnosis", 1))
    faulty = next(row for row in rows if row["poor_pattern"] != "none")
    assert main(["show", str(diagnosed), str(faulty["example_id"])]) == 0
    shown = capsys.readouterr().out
    assert "The diagnosis shows the degraded network" in shown
    assert faulty["completion"].split(" are ")[0][:30] in shown
    answers = [{"example_id": r["example_id"], "task": "diagnosis", "completion": r["completion"]} for r in rows]
    path = write_answers(tmp_path / "answers.jsonl", answers)
    arguments = ["score", str(diagnosed), str(path), "--split", "train"]
    assert main([*arguments, "--json", str(tmp_path / "score.json")]) == 0
    report = json.loads((tmp_path / "score.json").read_text())["diagnosis"]
    assert (report["exact_match"], report["region_positions"], report["region_overlap"]) == (1, 1, 1)
    assert report["faulty"] == sum(row["poor_pattern"] != "none" for row in rows)
    assert "region_overlap" in capsys.readouterr().out


def test_its_ladder_has_the_rungs_of_diagnosis(diagnosed, monkeypatch):
    monkeypatch.setattr(reading, "KINDS", {})  # of the other tasks nothing
    monkeypatch.setattr(ladder, "_mended", lambda *_: [])
    monkeypatch.setattr(ladder, "noise_ceiling", lambda *_: {})
    rungs = ladder.ladder(diagnosed, SMALLEST)
    assert list(rungs["diagnosis"]) == list(RUNGS)
    assert rungs["diagnosis"]["true"]["exact_match"] == 1
    assert rungs["diagnosis"]["runs_the_network"]["exact_match"] >= 0.8
    assert rungs["diagnosis"]["always_none"]["region_positions"] == 0
    assert summary(rungs)["diagnosis"]["true"] == {"exact_match": 1, "region_positions": 1}
    assert any(line.startswith("runs_the_network") for line in ladder_lines(rungs))


def test_a_table_of_what_no_record_has_is_not_judged(diagnosed, tmp_path, capsys):
    folder = Path(copytree(diagnosed, tmp_path / "dataset"))
    path = folder / longest_file(folder).replace("data", "diagnosis", 1)
    edit_rows(path, lambda rows: [row.update(poor_pattern="palindrome", region_positions=[99]) for row in rows])
    hide(folder)
    (tmp_path / "answers.jsonl").write_text('{"example_id": 0, "task": "diagnosis", "completion": "none"}\n')
    assert main(["score", str(folder), str(tmp_path / "answers.jsonl"), "--split", "train"]) == 1
    assert "cannot be judged" in capsys.readouterr().out
