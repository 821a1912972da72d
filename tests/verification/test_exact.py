"""Figures of the whole space are measured again: exactly in an equal environment, within two sequences in another."""

import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from subject_zoo.base.terms import EXACT
from subject_zoo.verification.values import TOLERATED_SEQUENCES
from tests.finished_dataset import found, make_dataset, parquet_files, read_facts, tiny_config, write_manifest
from tests.record_tables import edit_record, records_of

Edit = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A dataset folder of one record. Read only."""
    folder = tmp_path_factory.mktemp("exact") / "dataset"
    make_dataset(folder, tiny_config({"num_examples": 1, "examples_per_job": 3, "validation": {"exact": True}}))
    return folder


def change(figure: str, by: float) -> Edit:
    def edit(exact: dict[str, Any]) -> None:
        exact["improved"][figure] = round(exact["improved"][figure] + by, 6)

    return edit


def change_rate(name: str, part: str, by: float) -> Edit:
    def edit(exact: dict[str, Any]) -> None:
        rates = exact["degraded"]["positive_rate"][name]
        rates[part] = round(rates[part] + by, 6)

    return edit


def problems_of(finished: Path, folder: Path, edit: Edit, **facts: Any) -> list[str]:
    """What is wrong with a copy of the folder whose record has other figures, hidden by a new manifest."""
    shutil.copytree(finished, folder)
    name = parquet_files(folder)[0]
    metadata = json.loads(records_of(folder, name)[0]["metadata"])
    edit(metadata[EXACT])
    edit_record(folder, name, 0, {"metadata": json.dumps(metadata, separators=(",", ":"))})
    write_manifest(folder, read_facts(folder) | facts)
    return [problem.what for problem in found(folder)]


def test_true_figures_pass_here_and_elsewhere(finished, tmp_path):
    assert found(finished) == []
    elsewhere = {"environment": {"torch": "1.0"}}
    assert problems_of(finished, tmp_path / "copy", lambda exact: None, **elsewhere) == []


EDITS = {
    "exact.sequences": lambda exact: exact.update(sequences=5),
    "exact.satisfying": lambda exact: exact.update(satisfying=exact["satisfying"] + 1),
    "exact.improved.called_positive": change("called_positive", 1),
    "exact.improved.precision": change("precision", 1e-6),
    "exact.improved.balanced_precision": change("balanced_precision", -1e-6),
    "exact.degraded.positive_rate.all_same.all": change_rate("all_same", "all", 1e-6),
    "exact.degraded": lambda exact: exact.pop("degraded"),
}


@pytest.mark.parametrize("place", EDITS)
def test_a_changed_figure_is_found(finished, tmp_path, place):
    (first, *_) = problems_of(finished, tmp_path / "copy", EDITS[place])
    assert first.startswith(f"metadata: {place} is ")


@pytest.mark.parametrize(("sequences", "passes"), [(TOLERATED_SEQUENCES, True), (TOLERATED_SEQUENCES + 1, False)])
def test_in_another_environment_two_sequences_may_fall_on_the_other_side(finished, tmp_path, sequences, passes):
    def edit(exact: dict[str, Any]) -> None:
        """As many sequences more, all of the pattern has_majority, were called positive."""
        figures = exact["degraded"]
        figures["called_positive"] += sequences
        change_rate("has_majority", "all", sequences / members)(exact)

    members = sum(max(map(word.count, word)) > 2 for word in itertools.product("ABCDEFG", repeat=5))
    problems = problems_of(finished, tmp_path / "copy", edit, environment={"torch": "1.0"})
    assert (problems == []) == passes
    assert passes or "exact.degraded.called_positive" in problems[0]


def test_in_another_environment_the_balanced_precision_still_follows_from_accuracies(finished, tmp_path):
    edit = change("balanced_precision", -1e-3)
    (problem, *_) = problems_of(finished, tmp_path / "copy", edit, environment={"torch": "1.0"})
    assert problem.startswith("metadata: exact.improved.balanced_precision is ")
