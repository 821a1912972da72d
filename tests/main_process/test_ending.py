"""The last lines of a run that succeeded."""

import json

import pytest
from main_process.ending import last_lines

from tests.conftest import small_config

MANIFEST = "results/dataset/manifest.json"
RANGE = "results/examples/000000-000007/record.jsonl"


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def written(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))

    return written


@pytest.fixture
def dataset(write):
    def made(records=1000, lengths=None, tokens=None, config=()):
        rows = {"train": records, "validation": 0, "test": 0}
        files = {"a": {"size": 12_345_678}, "b": {"size": 1}}
        config = small_config(dict(config))
        write(MANIFEST, {"num_examples": records, "rows": rows, "files": files, "config": config})
        spread = {"min": 15007.0, "p10": 15067.8, "median": 20053.5, "p90": 26156.0, "max": 27515.0}
        lengths = {"modification": spread, "classification": spread} if lengths is None else lengths
        acceptance = 0.8554 if records else None
        funnel = {"candidates": 1169 if records else 0, "acceptance": acceptance}
        write("results/dataset/validity.json", {"funnel": funnel, "chars": lengths, "tokens": tokens or {}})

    return made


def lines(*asked, folder=None, seconds=200.0):
    return list(last_lines(asked, folder, seconds))


def test_of_a_dataset_what_it_holds_where_it_lies_and_what_to_type(dataset):
    dataset()
    assert lines(MANIFEST) == [
        "done in 3 min: 1,000 records of 1,169 candidates (86%): train 1,000, validation 0, test 0",
        "characters of a prompt and its completion: "
        "modification 20,054 (15,007 to 27,515), classification 20,054 (15,007 to 27,515)",
        "the dataset is results/dataset (12.3 MB), its card results/dataset/README.md",
        'to load it:     datasets.load_dataset("results/dataset", "modification")',
        "to check it:    make verify",
        "to publish it:  the same command, with publish='{repo_id: you/name}' in its --config",
    ]


def test_lengths_are_tokens_where_they_were_counted(dataset):
    dataset(tokens={"modification": {"min": 900.0, "median": 1000.0, "max": 1200.0}})
    assert lines(MANIFEST)[1] == "tokens of a prompt and its completion: modification 1,000 (900 to 1,200)"


def test_of_a_control_that_it_is_one(dataset):
    dataset(config={"format": {"shuffle": "networks"}})
    assert lines(MANIFEST)[1] == (
        "a control, not to train on: prompts show other records' networks (format.shuffle: networks)"
    )
    assert lines(MANIFEST, seconds=None)[1] == lines(MANIFEST)[1]


def test_with_a_report_in_another_folder_and_published(dataset, write):
    dataset()
    write("results/report.html", "")
    write("results/published/dataset.json", {"repo_id": "me/zoo"})
    _, _, where, load, check, published = lines(MANIFEST, "results/published/dataset.json", folder="../far")
    assert where.endswith("its card ../far/results/dataset/README.md, the report ../far/results/report.html")
    assert load.endswith('load_dataset("../far/results/dataset", "modification")')
    assert check.endswith("make verify FOLDER=../far/results/dataset")
    assert published == "it is published: https://huggingface.co/datasets/me/zoo"


def test_where_nothing_was_to_be_done_two_lines_say_what_stands(dataset):
    dataset()
    first, second = lines(MANIFEST, seconds=None)
    assert first.startswith("nothing was to be done: 1,000 records of 1,169 candidates (86%)")
    assert second.startswith("the dataset is results/dataset")


def test_of_a_dataset_without_examples(dataset):
    dataset(records=0, lengths={"modification": None, "classification": None})
    assert lines(MANIFEST)[0] == "done in 3 min: 0 records of 0 candidates (0%): train 0, validation 0, test 0"
    assert not [line for line in lines(MANIFEST) if "characters" in line]


def test_of_a_range_how_many_records_it_holds(write):
    write(RANGE, "{}\n{}\n")
    assert lines(RANGE) == [f"done in 3 min: {RANGE} holds 2 records of 8 candidates"]


def test_of_a_verification_what_it_says(write):
    write("results/verification.txt", "some\nresults/dataset: no problem\n")
    assert lines("results/verification.txt", seconds=None) == [
        "nothing was to be done: results/verification.txt says: results/dataset: no problem"
    ]


def test_of_many_files_some_are_named_and_of_none_nothing_is_said(write):
    for name in "abcde":
        write(name, "")
    assert lines(*"edcba", folder="x") == ["done in 3 min: x/a, x/b, x/c, and 2 more"]
    assert lines("f") == lines() == []


def test_of_a_dataset_of_another_version_it_is_said_that_it_is_there(dataset, write):
    dataset()
    write("results/dataset/validity.json", "{}")
    assert lines(MANIFEST) == [f"done in 3 min: {MANIFEST}"]
