"""Effects of neurons are measured again: exactly in an equal environment, within some sequences in another."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from subject_zoo.base.terms import ABLATION
from subject_zoo.show import show
from subject_zoo.verification.values import TOLERATED_SEQUENCES
from tests.finished_dataset import found, make_dataset, parquet_files, read_facts, tiny_config, write_manifest
from tests.record_tables import edit_record, records_of

Edit = Callable[[dict[str, Any]], Any]
ELSEWHERE = {"environment": {"torch": "1.0"}}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A dataset folder of one record. Read only."""
    folder = tmp_path_factory.mktemp("ablation") / "dataset"
    make_dataset(folder, tiny_config({"num_examples": 1, "examples_per_job": 3, "validation": {"ablation": True}}))
    return folder


def record_of(folder: Path) -> dict[str, Any]:
    return records_of(folder, parquet_files(folder)[0])[0]


def problems_of(finished: Path, folder: Path, edit: Edit, **facts: Any) -> list[str]:
    """What is wrong with a copy of the folder whose record has other effects, hidden by a new manifest."""
    shutil.copytree(finished, folder)
    record = record_of(folder)
    effects, metadata = json.loads(record[ABLATION]), json.loads(record["metadata"])
    text = json.dumps(edit(effects) or effects, separators=(",", ":"))
    metadata["lengths"]["ablation_chars"] = len(text)
    changes = {ABLATION: text, "metadata": json.dumps(metadata, separators=(",", ":"))}
    edit_record(folder, parquet_files(folder)[0], 0, changes)
    write_manifest(folder, read_facts(folder) | facts)
    return [problem.what for problem in found(folder)]


def test_true_effects_pass_here_and_elsewhere(finished, tmp_path):
    assert found(finished, retrained=1) == []
    assert problems_of(finished, tmp_path / "copy", lambda effects: None, **ELSEWHERE) == []


def first_list(effects: dict[str, Any]) -> list[float]:
    return next(iter(effects["improved"]["0"].values()))


def change(by: float) -> Edit:
    def edit(effects: dict[str, Any]) -> None:
        values = first_list(effects)
        values[1] = round(values[1] + by, 6)

    return edit


EDITS: dict[str, Edit] = {
    "a millionth": change(1e-6),
    "a stage less": lambda effects: effects.pop("degraded"),
    "a layer less": lambda effects: effects["improved"].pop("2"),
    "a neuron less": lambda effects: first_list(effects).pop(),
    "no number": lambda effects: first_list(effects).__setitem__(0, "0.1"),
    "a stage more": lambda effects: effects.update(other={}),
    "no object": lambda effects: [1],
}


@pytest.mark.parametrize("what", EDITS)
@pytest.mark.parametrize("facts", [{}, ELSEWHERE], ids=["here", "elsewhere"])
def test_what_is_changed_is_found(finished, tmp_path, what, facts):
    problems = problems_of(finished, tmp_path / "copy", EDITS[what], **facts)
    if what == "a millionth" and facts:
        assert problems == []
    else:
        assert any(problem.startswith(ABLATION) for problem in problems)


@pytest.mark.parametrize(
    ("sequences", "passes"), [(2 * TOLERATED_SEQUENCES, True), (2 * TOLERATED_SEQUENCES + 1, False)]
)
def test_in_another_environment_each_accuracy_may_be_off_by_two_sequences(finished, tmp_path, sequences, passes):
    metadata = json.loads(record_of(finished)["metadata"])
    count = metadata["test_sequences"][metadata["selected_patterns"][0]]
    problems = problems_of(finished, tmp_path / "copy", change(sequences / count), **ELSEWHERE)
    assert (problems == []) == passes
    assert passes or problems[0].startswith("ablation: improved.0.")


def test_a_record_is_shown_with_the_neurons_that_matter_most(finished):
    record = record_of(finished)
    lines = list(show(finished, record["example_id"]))
    title = next(place for place, line in enumerate(lines) if line.startswith("one hidden neuron silenced"))
    for name, line in zip(json.loads(record["metadata"])["improved"]["accuracy"], lines[title + 1 :], strict=False):
        shown, layer, neuron, fall = line.split()
        values = json.loads(record[ABLATION])["improved"]
        assert shown == name
        assert values[layer][name][int(neuron)] == max(max(of[name]) for of in values.values())
        assert fall == f"{values[layer][name][int(neuron)]:.3f}"
