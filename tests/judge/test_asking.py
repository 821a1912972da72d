"""What a model that was trained on nothing is asked: the test split's own prompts, behind training records or not."""

import json
import re

import pyarrow.parquet as pq
import pytest

from subject_zoo.base.terms import TASKS
from subject_zoo.cli import main
from subject_zoo.dataset.received import Received
from subject_zoo.judge.asking import questions
from subject_zoo.judge.cases import task_rows
from subject_zoo.judge.score import score


def rows_of(dataset, split, task):
    received = Received(dataset)
    return list(task_rows(received, received.manifest(), split, task))


def test_without_shots_a_question_is_the_prompt(finished):
    asked = list(questions(finished, None))
    expected = [
        {"example_id": row["example_id"], "task": task, "prompt": row["prompt"]}
        for task in TASKS
        for row in rows_of(finished, "test", task)
    ]
    assert asked == expected
    assert len(asked) > len(TASKS)
    assert list(questions(finished, "classification", records=1)) == [
        next(row for row in expected if row["task"] == "classification")
    ]


@pytest.mark.parametrize("task", ["modification", "classification"])
def test_shots_are_training_records_with_their_answers(finished, task):
    known = {row["prompt"]: row["completion"] for row in rows_of(finished, "train", task)}
    own = {row["example_id"]: row for row in rows_of(finished, "test", task)}
    asked = list(questions(finished, task, shots=2))
    assert asked == list(questions(finished, task, shots=2))
    for question in asked:
        row = own[question["example_id"]]
        shown = [prompt for prompt in known if prompt in question["prompt"]]
        assert len(shown) == 2
        assert all(f"{prompt}\n## Answer\n{known[prompt]}\n" in question["prompt"] for prompt in shown)
        assert question["prompt"].endswith(f"{row['prompt']}\n## Answer\n")
        assert row["completion"] not in question["prompt"].removesuffix("## Answer\n").rpartition(row["prompt"])[2]


@pytest.mark.parametrize("records", [None, 1])
def test_what_is_asked_has_the_digest_of_what_is_scored(finished, tmp_path, capsys, records):
    some = [] if records is None else ["--records", str(records)]
    prompts = tmp_path / "prompts.jsonl"
    assert main(["prompts", str(finished), *some, "--shots", "1", "-o", str(prompts)]) == 0
    told = dict(re.findall(r"^asked_sha256 of (\w+): (\w+)$", capsys.readouterr().out, re.MULTILINE))
    answers = [{**json.loads(line), "completion": "none"} for line in prompts.read_text().splitlines()]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    report = score(finished, tmp_path / "answers.jsonl", records=records)
    assert told == report["dataset"]["asked_sha256"]
    assert len(told) > 1


@pytest.mark.parametrize(("column", "value"), [("completion", None), ("prompt", None), ("example_id", -1)])
def test_rows_that_are_no_records_are_one_line(folder, capsys, tmp_path, column, value):
    [path, *_] = sorted((folder / "classification" / "train").glob("*.parquet"))
    table = pq.read_table(path)
    values = [value, *table[column].to_pylist()[1:]]
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, table.schema.field(place), [values]), path)
    assert main(["prompts", str(folder), "--shots", "1", "-o", str(tmp_path / "prompts.jsonl")]) == 1
    assert "shard 000000 cannot be judged (example" in capsys.readouterr().out


def test_what_cannot_be_asked_is_one_line_and_no_file(finished, tmp_path, capsys):
    out = tmp_path / "prompts.jsonl"
    trained = len(rows_of(finished, "train", "modification"))
    assert main(["prompts", str(finished), "--shots", "1000", "-o", str(out)]) == 1
    assert f"shots is 1000; it must be at most {trained}, the training records" in capsys.readouterr().out
    assert main(["prompts", str(tmp_path), "-o", str(out)]) == 1
    assert "manifest.json: cannot be read" in capsys.readouterr().out
    assert not out.exists()
    manifest = json.loads((finished / "manifest.json").read_text())
    manifest["config"]["task_generation"]["include_modification"] = False
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert main(["prompts", str(tmp_path), "--task", "modification", "-o", str(out)]) == 1
    assert "has no prompts of modification: task_generation.include_modification is false" in capsys.readouterr().out


def test_nothing_to_ask_is_one_line_and_no_file(folder, capsys, tmp_path):
    output = tmp_path / "prompts.jsonl"
    assert main(["prompts", str(folder), "--records", "0", "-o", str(output)]) == 1
    assert "records is 0; it must be 1 or more" in capsys.readouterr().out
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"rows": manifest["rows"] | {"test": 0}}))
    assert main(["prompts", str(folder), "-o", str(output)]) == 1
    assert "the split test, which prompts are of, has no record" in capsys.readouterr().out
    assert not output.exists()
