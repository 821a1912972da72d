"""Reports of models side by side: those that answered the same questions stand in one table."""

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.errors import UserError
from subject_zoo.cli import main
from subject_zoo.dataset.received import Received
from subject_zoo.judge.asked import asked_digest
from subject_zoo.judge.results import read_result, table
from tests.completions import true_answers, write_answers


@pytest.fixture
def results(finished, tmp_path) -> list[Path]:
    """Reports of two models that answered one task, the second one perfectly, and of one that answered the other."""
    written = []
    for model, task, completion in (
        ("a | b", "classification", "no such pattern"),
        ("true", "classification", None),
        ("copy", "modification", "{}"),
    ):
        completions, report = tmp_path / f"{len(written)}.jsonl", tmp_path / f"{len(written)}.json"
        said = {} if completion is None else {"completion": completion}
        write_answers(completions, [answer | said for answer in true_answers(finished, task)])
        options = ["--split", "all", "--model", model, "--json", str(report)]
        assert main(["score", str(finished), str(completions), *options]) == 0
        written.append(report)
    return written


def test_a_table_for_each_task_best_model_first(finished, results, capsys):
    capsys.readouterr()
    assert main(["table", *map(str, results)]) == 0
    lines = capsys.readouterr().out.splitlines()
    titles = [line for line in lines if line.startswith("**")]
    assert [title.split("**")[1] for title in titles] == ["modification", "classification"]
    for title, task in zip(titles, ("modification", "classification"), strict=True):
        received = Received(finished)
        assert f"split all, questions `{asked_digest(received, received.manifest(), task, 'all')[:12]}`" in title
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| model")]
    assert [row.split(" | ")[0] for row in rows] == ["| copy", "| true", "| a \\| b"]
    assert "| closed |" in rows[1]
    assert rows[1].count("1.000 [") == 2
    assert rows[2].count("0.000 [") == 2


def test_other_questions_stand_in_another_table(results):
    one, other = read_result(results[0]), read_result(results[1])
    other["dataset"]["asked_sha256"]["classification"] = "0" * 64
    assert sum(line.startswith("**") for line in table([one, other])) == 2


def test_a_control_and_a_figure_of_nothing_are_told(results):
    report = read_result(results[0])
    assert not any("a control" in line for line in table([report]))
    of_nothing = report["classification"] | {"macro_f1": None}
    of_nothing["intervals"] = of_nothing["intervals"] | {"macro_f1": [None, None]}
    results[0].write_text(json.dumps(report | {"shuffle": "networks", "classification": of_nothing}))
    heading, *_, row, _ = table([read_result(results[0])])
    assert heading.endswith(", a control: prompts show other records' networks")
    assert "| - |" in row


def test_the_digest_is_of_ids_prompts_and_completions_alone(finished):
    received = Received(finished)
    expected = hashlib.sha256()
    for split in ("train", "validation", "test"):
        for path in sorted(finished.glob(f"modification/{split}/*.parquet")):
            for row in pq.read_table(path).to_pylist():
                line = [row["example_id"], row["prompt"], row["completion"]]
                expected.update(json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
    assert asked_digest(received, received.manifest(), "modification", "all") == expected.hexdigest()


SPOILT = {
    "not JSON": "{",
    "model": {"model": ""},
    "dataset": {"dataset": None},
    "book": {"book": "open"},
    "classification.macro_f1": {"classification": {"macro_f1": "high"}},
    "dataset.asked_sha256 lacks": {"dataset": {"asked_sha256": {}, "split": "all"}},
}


@pytest.mark.parametrize("said", SPOILT)
def test_what_is_no_result_is_one_line(results, capsys, said):
    spoilt = SPOILT[said]
    if isinstance(spoilt, dict):
        report = json.loads(results[0].read_text())
        for key, value in spoilt.items():
            report[key] = {**report[key], **value} if isinstance(value, dict) and key != "dataset" else value
        spoilt = json.dumps(report)
    results[0].write_text(spoilt)
    capsys.readouterr()
    assert main(["table", str(results[0])]) == 1
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{results[0]}: ")
    assert said in line


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_any_json_is_read_or_refused(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(value))
    with pytest.raises(UserError):
        read_result(path)
