"""A file of results/ has one name, and whoever asks for it by another is told that one."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.errors import UserError
from subject_zoo.dataset.shard_plan import Windows
from subject_zoo.dataset.targets import check_target

HERE = Path("/zoo")
WINDOWS = Windows(examples_per_job=8, largest_job=8, ranges_per_shard=2, max_candidates=1_000_000)

WRONG = {
    "": "names nothing",
    "./results/examples/1/record.jsonl": "write 000001",
    "results//examples/../examples/1/record.jsonl": "write 000001",
    "results/examples/1/record.jsonl/": "write 000001",
    "/zoo/results/examples/000001/record.jsonl": "write results/examples/000001/record.jsonl",
    "results/examples/000000-999999999/record.jsonl": "a range has at most 100,000",
    f"results/examples/{'9' * 5000}/record.jsonl": "is neither an id",
    "results/tallies/1.json": "write results/tallies/000001.json",
    "results/tallies/0000001.json": "write results/tallies/000001.json",
    "results/tallies/99999999.json": "the last window below max_candidates is 062499",
    f"results/tallies/{'9' * 5000}.json": "the last window below max_candidates is 062499",
    "results/tallies/000201.json": "ask for the dataset, with num_examples above 3,216",
    "results/shards/062499.signatures.npz": "ask for the dataset, with num_examples above 999,984",
    "results/verdicts/1.json": "write results/verdicts/000001.json",
    "results/shards/7.data.train.parquet": "write results/shards/000007.data.train.parquet",
    "./results/published/3.json": "write results/published/000003.json",
    "results/plans/0.json": "the first plan is results/plans/1.json",
    "results/plans/01.json": "the first plan is results/plans/1.json",
    "results/plans/2.json": "ask for results/dataset/manifest.json",
}
RIGHT = [
    "results/examples/000001/record.jsonl",
    "./results/examples/000100-000199/record.jsonl",
    "results/examples/000001/record.jsonl/",
    "results/tallies/000001.json",
    "results/tallies/000200.json",
    "results/plans/1.json",
    "results/published/repository.json",
    "results/dataset/manifest.json",
    "results",
    "all",
    "--cores",
    "/etc/passwd",
]


@pytest.mark.parametrize(("argument", "expected"), WRONG.items(), ids=lambda text: text[:40])
def test_another_name_is_one_line_with_the_right_one(argument, expected):
    with pytest.raises(UserError, match=expected) as raised:
        check_target(argument, HERE, WINDOWS)
    assert len(str(raised.value).splitlines()) == 1
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize("argument", RIGHT)
def test_a_right_name_and_what_is_none_of_ours_are_let_through(argument):
    check_target(argument, HERE, WINDOWS)


@given(st.integers(0, 200), st.sampled_from(["", "./", "results/../"]))
def test_every_window_has_one_name(window, way):
    right = f"results/tallies/{window:06d}.json"
    check_target(way + right, HERE, WINDOWS)
    if (wrong := f"results/tallies/{window}.json") != right:
        with pytest.raises(UserError, match=f"write {right}"):
            check_target(way + wrong, HERE, WINDOWS)


@given(st.text())
def test_any_argument_is_let_through_or_is_one_line(argument):
    told = ""
    try:
        check_target(os.path.join("results", argument), HERE, WINDOWS)
    except UserError as error:
        told = str(error)
    assert len(told.splitlines()) <= 1
