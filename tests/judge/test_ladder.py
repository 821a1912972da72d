"""The whole ladder at a small size: what must hold at any, and the report that the command prints."""

import json
import sys
from dataclasses import replace
from functools import partial

import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from subject_zoo.base.errors import UserError
from subject_zoo.cli import main
from subject_zoo.dataset.received import Received
from subject_zoo.judge import ladder, material, reading
from subject_zoo.judge.cases import load_cases, task_rows
from subject_zoo.judge.ladder import Effort
from subject_zoo.judge.lines import ladder_lines
from subject_zoo.judge.material import accepted_examples
from subject_zoo.judge.readers import trees
from subject_zoo.judge.rungs import above_best, read_ladder, summary
from tests.completions import write_answers
from tests.finished_dataset import make_dataset, tiny_config

SMALL = Effort(
    sizes=(30, 120), tested=60, repaired=8, seeds=2, steps=20, repair_steps=5, diagnosis_steps=5, nets_everywhere=False
)


@pytest.fixture(scope="module")
def report(finished) -> dict:
    few = partial(HistGradientBoostingClassifier, max_iter=10)  # trees, which take most of the time
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(trees.KINDS, "trees", lambda seed: few(random_state=seed))
        return ladder.ladder(finished, SMALL)


def test_the_ends_of_the_ladder(report):
    repairs = report["modification"]
    assert list(repairs) == [
        "copy", "mean_repair", "bias_shift", "one_output_weight", "output_refit", "learned", "true", "other_repair",
    ]  # fmt: skip
    assert (repairs["true"]["passed"], repairs["true"]["targeted"]) == (1, 1)
    assert (repairs["copy"]["passed"], repairs["copy"]["targeted"]) == (0, 0)
    rungs = report["classification"]
    assert list(rungs) == list(reading.KINDS)
    assert rungs["runs_the_network"]["macro_f1"] > 0.9  # on other sequences than the labels are from
    assert rungs["runs_the_network"]["macro_f1"] > rungs["shuffled_labels"]["macro_f1"] + 0.2


def test_every_row_has_figures_for_its_split_and_size(report):
    rows = report["rows"]
    shares = [row[key] for row in rows for key in ("macro_f1", "exact_match")]
    assert all(0 <= share <= 1 for share in shares)
    for row in rows:
        low, high = row["intervals"]["macro_f1"]
        assert low <= row["macro_f1"] <= high
        assert len(row["by_seed"]["macro_f1"]) == SMALL.seeds
    by_example = {(row["training"], row["rung"], row["kind"]) for row in rows if row["split"] == "example"}
    assert {(120, rung, kind) for rung, kinds in reading.KINDS.items() for kind in kinds} <= by_example
    assert (30, "weights", "graph") not in by_example
    assert {row["split"] for row in rows} == {"example", "combination"}
    assert json.loads(json.dumps(report)) == report | {"effort": report["effort"] | {"sizes": list(SMALL.sizes)}}


def test_the_command_prints_a_line_of_json_last_and_score_compares_with_it(
    report, finished, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(ladder, "ladder", lambda folder, effort, tell, trusted, tested_on: report)
    assert main(["baseline", str(finished), "--json", str(tmp_path / "ladder.json")]) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed == summary(report)
    assert set(printed["modification"]["true"]) == {"passed", "targeted"}
    received = Received(finished)
    manifest = received.manifest()
    case = next(load_cases(received, manifest, "all"))
    answer = {"example_id": case.example_id, "task": "modification", "completion": ""}
    (tmp_path / "answers.jsonl").write_text(json.dumps(answer) + "\n")
    arguments = ["score", str(finished), str(tmp_path / "answers.jsonl"), "--split", "all"]
    main([*arguments, "--ladder", str(tmp_path / "ladder.json"), "--json", str(tmp_path / "score.json")])
    best = max(row["passed"] for rung, row in printed["modification"].items() if rung != "true")
    above = json.loads((tmp_path / "score.json").read_text())["above_ladder"]["modification"]["passed"]
    assert above["above"] == pytest.approx(-best)
    told = capsys.readouterr().out
    assert "the best rung of the ladder" in told
    assert "the ladder was measured on other records" not in told
    (tmp_path / "other.json").write_text(json.dumps(report | {"dataset": {"manifest_sha256": "0" * 64}}))
    main([*arguments, "--ladder", str(tmp_path / "other.json")])
    assert "the ladder was measured on other records" in capsys.readouterr().out


def test_a_language_models_answers_are_rungs_once_it_was_run(report, finished, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(ladder, "ladder", lambda folder, effort, tell, trusted, tested_on: report)
    known, whole = tmp_path / "ladder.json", tmp_path / "whole.json"
    assert main(["baseline", str(finished), "--json", str(known)]) == 0
    assert "not run: zero_shot, few_shot; subject-zoo prompts" in capsys.readouterr().out
    monkeypatch.delattr(ladder, "ladder")  # it is not measured again
    received = Received(finished)
    truth = {
        (row["example_id"], task): row["completion"]
        for task in ("modification", "classification")
        for row in task_rows(received, received.manifest(), "test", task)
    }
    asked, answers = tmp_path / "prompts.jsonl", tmp_path / "answers.jsonl"
    assert main(["prompts", str(finished), "--shots", "1", "--records", "1", "-o", str(asked)]) == 0
    lines = [json.loads(line) for line in asked.read_text().splitlines()]
    assert [line["task"] for line in lines] == ["modification", "classification"]
    said = [
        {"example_id": line["example_id"], "task": line["task"], "completion": truth[line["example_id"], line["task"]]}
        for line in lines
    ]
    write_answers(answers, said)
    options = ["--ladder", str(known), "--few-shot", str(answers), "--records", "1", "--json", str(whole)]
    assert main(["baseline", str(finished), *options]) == 0
    *told, last = capsys.readouterr().out.splitlines()
    assert "not run: zero_shot; subject-zoo prompts writes what to ask a language model" in told
    assert sum(line.startswith("few_shot ") for line in told) == 2
    printed = json.loads(last)
    assert printed["modification"]["few_shot"] == {"passed": 1.0, "targeted": 1.0}
    assert printed["classification"]["few_shot"]["exact_match"] == 1.0
    assert printed["modification"]["true"] == summary(report)["modification"]["true"]
    assert summary(read_ladder(whole)) == printed
    nothing = tmp_path / "nothing.jsonl"
    nothing.write_text("{}\n")
    assert main(["baseline", str(finished), "--ladder", str(known), "--zero-shot", str(nothing)]) == 1
    assert "zero_shot: its file answers no task" in capsys.readouterr().out
    measured = json.loads(known.read_text())
    known.write_text(json.dumps(measured | {"tested_on": {"manifest_sha256": "0" * 64}}))
    assert main(["baseline", str(finished), *options]) == 1
    assert "was tested on another folder's records" in capsys.readouterr().out
    other = measured | {"dataset": {"manifest_sha256": "0" * 64}}
    known.write_text(json.dumps(other))
    assert main(["baseline", str(finished), *options]) == 1
    assert "the ladder is of another dataset" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--ladder", "l.json", "--full"], "--ladder names what was measured, and --full how to measure it"),
        (["--ladder", "l.json", "--tested-on", "x"], "--ladder names what was measured, and --tested-on how"),
        (["--records", "9"], "--records is of the answers of --zero-shot and --few-shot"),
        (["--tested-on", "x", "--few-shot", "a"], "and --few-shot holds answers for this one's"),
    ],
)
def test_options_that_contradict_one_another_are_told_before_the_work(capsys, options, words):
    assert main(["baseline", "none", *options]) == 1
    assert words in capsys.readouterr().out


def test_a_control_has_no_ladder_and_larger_networks_are_not_tested(finished, tmp_path):
    make_dataset(tmp_path / "control", tiny_config({"num_examples": 1, "format": {"shuffle": "networks"}}))
    for first, second in (("control", None), (finished, "control")):
        with pytest.raises(UserError, match=r"control: its prompts show other records' networks"):
            ladder.ladder(tmp_path / first, SMALL, tested_on=second and tmp_path / second)
    for key, words in (("num_layers", "deeper"), ("neurons_per_layer", "wider")):
        model = tiny_config()["model"]
        make_dataset(
            tmp_path / words, tiny_config({"num_examples": 1, "model": {key: [model[key][0], model[key][1] + 1]}})
        )
        with pytest.raises(UserError, match=f"{words}: its networks may be {words} than"):
            ladder.ladder(finished, SMALL, tested_on=tmp_path / words)


def test_ceilings_are_no_rivals():
    rungs = {
        "classification": {
            "runs_the_network": {"macro_f1": 1.0, "exact_match": 1.0},
            "weights": {"macro_f1": 0.5, "exact_match": 0.1},
            "metadata": {"macro_f1": 0.2, "exact_match": 0.3},
        },
        "modification": {},
    }
    above = above_best({"classification": {"macro_f1": 0.75, "exact_match": 0.75}}, rungs)
    assert above == {
        "classification": {
            "macro_f1": {"rung": "weights", "above": 0.25},
            "exact_match": {"rung": "metadata", "above": pytest.approx(0.45)},
        }
    }


def test_a_rung_of_which_nothing_was_counted_is_no_rival():
    none = {"exact_match": 1.0, "region_positions": None}
    some = {"exact_match": 0.5, "region_positions": 0.25}
    above = above_best({"diagnosis": some}, {"diagnosis": {"few_shot": none}})
    assert above == {"diagnosis": {"exact_match": {"rung": "few_shot", "above": -0.5}}}
    assert above_best({"diagnosis": none}, {"diagnosis": {"weights": some}})["diagnosis"].keys() == {"exact_match"}
    report = {"classification": {}, "modification": {}, "diagnosis": {"few_shot": none}}
    assert summary(report)["diagnosis"]["few_shot"] == none


@pytest.mark.parametrize("content", [None, "{", "[]", '{"classification": {}}', '{"classification": 1}'])
def test_a_file_that_is_no_ladder_is_named(tmp_path, content):
    path = tmp_path / "ladder.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ladder.UserError, match=r"ladder\.json: (cannot be read|not what)"):
        read_ladder(path)


def test_what_is_learned_from_one_folder_is_tested_on_another(finished, tmp_path, monkeypatch):
    asked = []

    def accepted(config, probes, first=0):
        asked.append((config["training"]["lr_schedule"], first))
        return accepted_examples(config, probes, first)

    monkeypatch.setattr(reading, "KINDS", {"weights": ("regression",)})
    monkeypatch.setattr(ladder, "accepted_examples", accepted)
    monkeypatch.setattr(material, "_TOGETHER", 20)
    other = tmp_path / "other"
    overlay = {"training": {"lr_schedule": "cosine"}, "task_generation": {"include_modification": False}}
    make_dataset(other, tiny_config({"num_examples": 1}, overlay))
    with pytest.raises(UserError, match=r"other: its records are not read as those of .*include_modification"):
        ladder.ladder(finished, SMALL, tested_on=other)
    assert not asked  # it is told before the work
    seeds = {"shared_seed": tiny_config()["seed"]}  # which null is, too
    make_dataset(tmp_path / "alike", tiny_config({"num_examples": 1, **seeds}, {"training": overlay["training"]}))
    smaller = replace(SMALL, sizes=(10,), tested=10, repaired=2, repair_steps=2)
    report = ladder.ladder(finished, smaller, tested_on=tmp_path / "alike")
    (learned, first), (tested, after) = asked
    assert (learned, first, tested) == ("linear", 0, "cosine")
    assert after >= 10
    assert report["tested_on"] != report["dataset"]
    assert next(ladder_lines(report)) == "tested on records of another folder"
    assert report["modification"]["true"]["passed"] == 1


def test_a_folder_that_is_no_dataset_and_a_missing_package_are_told_in_one_line(tmp_path, monkeypatch, capsys):
    assert main(["baseline", str(tmp_path)]) == 1
    assert "manifest.json: cannot be read" in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    for name in ("trees", "learning", "features"):
        monkeypatch.delitem(sys.modules, f"subject_zoo.judge.readers.{name}", raising=False)
    monkeypatch.delattr("subject_zoo.judge.readers.trees", raising=False)
    assert main(["baseline", str(tmp_path)]) == 1
    assert "pip install scikit-learn torch" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["score", "baseline"])
@pytest.mark.parametrize(("out", "words"), [("", "is a folder"), ("file/report.json", "is not a folder")])
def test_a_report_that_cannot_be_written_is_told_before_the_work(tmp_path, capsys, command, out, words):
    (tmp_path / "file").write_text("")
    further = ["answers.jsonl"] if command == "score" else []
    with pytest.raises(SystemExit) as ended:
        main([command, str(tmp_path / "none"), *further, "--json", str(tmp_path / out)])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err.splitlines()[-1]
