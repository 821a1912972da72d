"""What is told of a dataset's folder, against a plain count of its rows; and what is told of any other folder."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subject_zoo.base.errors import UserError
from subject_zoo.cli import main
from subject_zoo.dataset.layout import MANIFEST, VALIDITY
from subject_zoo.dataset.manifest import TRUST
from subject_zoo.info.facts import facts
from subject_zoo.info.lines import WIDTH, lines
from tests.finished_dataset import (
    SCRIPTS,
    longest_file,
    make_dataset,
    parquet_files,
    read_facts,
    read_table_rows,
    tiny_config,
    write_manifest,
)
from tests.record_tables import edit_rows

FUNNEL = {"candidates": 20, "accepted": 7, "fail_gate": {"claim": 9, "stability": 0, "repair": 12}}
SPREAD = {"min": 100.0, "p10": 110.5, "median": 200.5, "p90": 280.0, "max": 300.0}


def rows_of(folder: Path) -> list[dict]:
    return [row for name in parquet_files(folder) for row in read_table_rows(folder / name)]


def put_figures(folder: Path, **changed) -> None:
    """A validity.json in the folder, and in its manifest."""
    enabled = read_facts(folder)["config"]["patterns"]["enabled"]
    counts = {"target_of_candidates": 10, "target_of_accepted": 4, "selected_in_accepted": 5, "held_out": True}
    figures = {"funnel": FUNNEL, "by_pattern": dict.fromkeys(enabled, counts), "prompt_chars": {"modification": SPREAD}}
    (folder / VALIDITY).write_text(json.dumps(figures | changed))
    write_manifest(folder, read_facts(folder))


def test_counts_are_those_of_the_rows(finished):
    known, rows = facts(finished), rows_of(finished)
    assert known["records"] == known["looked_at"] == len(rows) == 7
    for name, counts in known["patterns"].items():
        assert counts["target_of_accepted"] == sum(row["target_pattern"] == name for row in rows)
        assert counts["selected_in_accepted"] == sum(name in row["selected_patterns"] for row in rows)
    networks = known["networks"]
    assert +Counter(networks["activations"]) == Counter(row["activation_type"] for row in rows)
    assert +Counter(networks["layers"]) == Counter(str(row["num_layers"]) for row in rows)
    parameters = [row["parameter_count"] for row in rows]
    assert networks["parameters"] == [min(parameters), max(parameters)]


def test_lengths_are_those_of_the_texts(finished):
    known = facts(finished)["lengths"]
    for task in ("modification", "classification"):
        files = sorted(finished.glob(f"{task}/*/*.parquet"))
        texts = [row for path in files for row in read_table_rows(path)]
        for text in ("prompt", "completion"):
            of = [len(row[text]) for row in texts]
            assert known[f"{task}_{text}_chars"] == {"min": min(of), "median": round(median(of)), "max": max(of)}


def test_sizes_are_those_on_the_disk(finished):
    known = facts(finished)
    paths = [path for path in finished.rglob("*") if path.is_file() and path.name != MANIFEST]
    assert known["disk"]["files"] == len(paths)
    assert known["disk"]["bytes"] == sum(path.stat().st_size for path in paths)
    assert known["flaws"] == []
    assert known["made_by_this_code"]


def test_figures_are_told_where_there_are_some(folder):
    put_figures(folder)
    told = "\n".join(lines(facts(folder)))
    assert "7 of 20 candidates, 35.0 %; the others failed repair 12, claim 9" in told
    assert re.search(r"modification prompt +100 +200 +300", told)
    assert re.search(r"starts_with +4 +5 +40 %", told)


def test_it_is_one_screen(folder):
    put_figures(folder)
    told = list(lines(facts(folder)))
    assert len(told) <= 35
    assert [line for line in told[1:-1] if len(line) > WIDTH or line != line.rstrip()] == []


def test_a_part_of_a_larger_dataset_says_so(folder, monkeypatch):
    monkeypatch.setattr("subject_zoo.info.looked_at.MOST_RECORDS", 5)
    manifest = read_facts(folder)
    manifest["config"]["num_examples"] = 1000
    write_manifest(folder, manifest | {"finished": False})
    told = list(lines(facts(folder)))
    assert told[0].endswith("7 records of 1,000 that are asked for; it is not finished")
    assert "Of the first 5 records: networks, completions and tokens." in told


def test_tokens_are_told_where_they_were_counted(folder):
    def count(rows: list[dict]) -> None:
        for row in rows:
            metadata = json.loads(row["metadata"])
            metadata["lengths"] |= {"modification_prompt_tokens": 4_321}
            row["metadata"] = json.dumps(metadata)

    for name in parquet_files(folder):
        edit_rows(folder / name, count)
    write_manifest(folder, read_facts(folder))
    [line] = [line for line in lines(facts(folder)) if line.startswith("modification prompt")]
    assert re.search(r"( +4,321){3}$", line)


def test_missing_files_are_told(folder):
    (folder / "weights" / "000000.safetensors").unlink()
    (folder / "signatures" / "000000.npz").write_bytes(b"")
    (folder / MANIFEST).write_text((folder / MANIFEST).read_text().replace("cc0-1.0", "mit", 1))
    assert sorted(facts(folder)["flaws"]) == [
        "manifest.json was changed",
        "signatures/000000.npz has another size",
        "weights/000000.safetensors is missing",
    ]
    [line] = [line for line in lines(facts(folder)) if line.startswith("files")]
    assert "NOT as the manifest says: manifest.json was changed, and 2 more" in line


def test_where_it_was_published_is_told(folder):
    (published := folder.parent / "published").mkdir()
    receipt = {"repo_id": "somebody/zoo", "commit": "a1b2c3d4e5f6a7b8", "files": {}}
    (published / "000009.json").write_text(json.dumps(receipt))
    (published / "000010.json").write_text(json.dumps(receipt | {"commit": "b" * 40}))
    assert facts(folder)["published"] == {"repo_id": "somebody/zoo", "commit": "b" * 40, "whole": False}
    (published / "dataset.json").write_text(json.dumps(receipt | {"files": read_facts(folder)["files"]}))
    assert "published   somebody/zoo at a1b2c3d4e5f6, as it is here" in list(lines(facts(folder)))


RECEIPTS = ["", "[]", '{"repo_id": 3, "commit": "a"}', "[" * 100_000, '{"repo_id": "a"}']


@pytest.mark.parametrize("text", RECEIPTS)
def test_a_receipt_of_a_stranger_is_one_line(folder, text):
    (folder.parent / "published").mkdir()
    (folder.parent / "published" / "dataset.json").write_text(text)
    with pytest.raises(UserError):
        facts(folder)


FIGURES = [
    {"funnel": {**FUNNEL, "candidates": -1}},
    {"funnel": {**FUNNEL, "candidates": 10**4000}},
    {"funnel": {**FUNNEL, "fail_gate": {"\x1b[31m": 1}}},
    {"funnel": {"candidates": 7}},
    {"by_pattern": {"no_pattern": {"selected_in_accepted": 1}}},
    {"by_pattern": []},
    {"by_pattern": {"starts_with": {"selected_in_accepted": True}}},
    {"prompt_chars": {"modification": {"min": 1, "median": float("nan"), "max": 2}}},
    {"prompt_chars": {"modification": {"min": 1, "median": "1", "max": 2}}},
]


@pytest.mark.parametrize("changed", FIGURES)
def test_figures_that_are_none_are_one_line(folder, changed, capsys):
    put_figures(folder, **changed)
    assert main(["info", str(folder)]) == 1
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith(str(folder))
    assert line.isprintable()


ROWS = [
    {"metadata": "[" * 100_000},
    {"metadata": "{}"},
    {"metadata": '{"lengths": {"modification_prompt_chars": "\\u001b[31m"}}'},
    {"metadata": '{"lengths": {"modification_prompt_chars": 1e400}}'},
    {"selected_patterns": ["\x1b[31mmine"]},
    {"selected_patterns": ["starts_with"] * 1_000},
    {"target_pattern": "x" * 1_000_000},
    {"activation_type": "swish"},
    {"num_layers": 2**31 - 1},
    {"parameter_count": -1},
    {"activation_type": None},
    {"selected_patterns": None},
]


@pytest.mark.parametrize("changed", ROWS, ids=lambda changed: next(iter(changed)))
def test_rows_of_a_stranger_are_one_line(folder, changed, capsys):
    edit_rows(folder / longest_file(folder), lambda rows: rows[0].update(changed))
    write_manifest(folder, read_facts(folder))
    assert main(["info", str(folder)]) == 1
    [line] = capsys.readouterr().out.splitlines()
    assert "subject-zoo verify names what is wrong" in line
    assert line.isprintable()
    assert len(line) < 1000


@settings(max_examples=25)
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=()), max_size=400),
    st.dictionaries(st.text(max_size=300), st.text(max_size=300), max_size=40),
    st.integers(0, 10**15),
)
def test_whatever_a_manifest_says_a_screen_shows_it(finished, license_name, environment, number):
    manifest = read_facts(finished)
    manifest |= {"license": license_name, "environment": environment, "num_examples": number}
    manifest["rows"] = dict.fromkeys(manifest["rows"], number)
    manifest["files"] = {name: {**entry, "size": number} for name, entry in manifest["files"].items()}
    folder = finished.with_name("whatever_it_says")
    shutil.copytree(finished, folder, dirs_exist_ok=True)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    told = list(lines(facts(folder)))
    assert len(told) <= 40
    assert all(line.isprintable() and len(line) <= WIDTH for line in told[1:-1])


def test_a_dataset_of_one_task_and_answers_as_patches(tmp_path):
    alone = {"task_generation": {"include_modification": False}}
    make_dataset(tmp_path / "alone", tiny_config(alone, {"num_examples": 3}))
    known = facts(tmp_path / "alone")
    assert known["tasks"] == ["classification"]
    assert all("target_of_accepted" not in counts for counts in known["patterns"].values())
    assert "target" not in "\n".join(lines(known)).replace("is the target of", "")
    patches = {"task_generation": {"include_classification": False}, "format": {"modification_completion": "patch"}}
    make_dataset(tmp_path / "patches", tiny_config(patches, {"num_examples": 3}))
    assert "tasks       modification (completions as patches)" in list(lines(facts(tmp_path / "patches")))


def test_a_copy_of_links_is_followed_where_it_is_trusted(folder, tmp_path, capsys):
    snapshot = tmp_path / "snapshots" / "a1b2c3"
    for path in (path for path in folder.rglob("*") if path.is_file()):
        (link := snapshot / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    assert main(["info", str(snapshot)]) == 1
    assert TRUST in capsys.readouterr().out
    assert facts(snapshot, trusted=True) | {"folder": ""} == facts(folder) | {"folder": ""}


def test_for_machines_it_is_one_json_object(finished, capsys):
    assert main(["info", str(finished), "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert known == json.loads(json.dumps(facts(finished)))
    assert len(known["digests"]["dataset"]) == 64


def place(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_other_folders_of_a_run_say_what_they_are(tmp_path):
    results = tmp_path / "results"
    place(results, "examples/000000-000059/dataset.npz", "plans/000000.json")
    ours = results / "examples" / "000000-000059"
    (results / "dataset").mkdir()
    expected = {
        ours: "a range of 60 candidates (dataset.npz); no dataset was made of it yet",
        results / "dataset": "no dataset stands there: manifest.json is missing; name a folder as results/dataset",
        results / "nowhere": "there is no such folder; name one that holds manifest.json, as results/dataset",
        results / "plans" / "000000.json": "a file, not a folder; name the folder that holds manifest.json, as "
        "results/dataset",
    }
    for path, words in expected.items():
        with pytest.raises(UserError) as error:
            facts(path)
        assert str(error.value) == f"{path}: {words}"
    place(results, "dataset/data/train/000000.parquet")
    with pytest.raises(UserError, match="not put together to its end"):
        facts(results / "dataset")
    place(results, "dataset/manifest.json")
    for path in (ours, results):
        with pytest.raises(UserError, match=f"dataset is {results / 'dataset'}"):
            facts(path)


@pytest.mark.skipif(os.name == "nt", reason="pipes of Windows are no files")
def test_a_pipe_in_a_receipts_place_is_not_waited_for(folder):
    (folder.parent / "published").mkdir()
    os.mkfifo(folder.parent / "published" / "dataset.json")
    with pytest.raises(UserError, match="it is a pipe"):
        facts(folder)


def test_a_name_that_the_terminal_cannot_write_is_no_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "subject_zoo", "info", tmp_path / "zoo-\u00e9"],
        env=os.environ | {"PYTHONPATH": str(SCRIPTS), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.startswith(f"{tmp_path}/zoo-\\xe9: there is no such folder")
