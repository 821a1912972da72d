"""What twins are said to share is drawn again, and trained again, by whoever checks a dataset."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from subject_zoo.base.randomness import example_generator
from subject_zoo.show import show
from subject_zoo.training import stages
from tests.finished_dataset import found, hide, make_dataset, parquet_files, tiny_config
from tests.record_tables import edit_record, records_of

CONFIG = {"num_examples": 4, "examples_per_job": 4, "dataset": {"twins": True, "corruption": "region"}}
SPLITS = {"splits": {"validation": 0.0, "test": 0.5}}


@pytest.fixture(scope="module")
def twins(tmp_path_factory) -> Path:
    """A dataset folder of four records. Read only."""
    folder = tmp_path_factory.mktemp("twins") / "dataset"
    make_dataset(folder, tiny_config(CONFIG, SPLITS))
    return folder


def test_pairs_pass(twins):
    assert found(twins, retrained=4) == []


def test_a_record_is_shown_with_its_twin(twins):
    record = records_of(twins, parquet_files(twins)[0])[0]
    twin = json.loads(record["metadata"])["twin"]
    assert twin["example_id"] == record["example_id"] ^ 1
    line = f"Its twin, {twin['example_id']:06d}, has {twin['only_there']} in the place of {twin['only_here']}."
    assert line in list(show(twins, record["example_id"]))


EDITS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "twin.example_id": lambda metadata: metadata["twin"].update(example_id=metadata["twin"]["example_id"] + 2),
    "twin.only_there": lambda metadata: metadata["twin"].update(only_there=metadata["twin"]["only_here"]),
    "twin": lambda metadata: metadata.pop("twin"),
}


@pytest.mark.parametrize("place", EDITS)
def test_another_twin_is_found(twins, tmp_path, place):
    folder = Path(shutil.copytree(twins, tmp_path / "dataset"))
    name = parquet_files(folder)[0]
    metadata = json.loads(records_of(folder, name)[0]["metadata"])
    EDITS[place](metadata)
    edit_record(folder, name, 0, {"metadata": json.dumps(metadata, separators=(",", ":"))})
    hide(folder)
    (first, *_) = found(folder)
    assert first.what.startswith(f"metadata: {place} is ")


def test_another_region_or_rate_than_the_twins_is_found(twins, tmp_path):
    folder = Path(shutil.copytree(twins, tmp_path / "dataset"))
    name = parquet_files(folder)[0]
    metadata = json.loads(records_of(folder, name)[0]["metadata"])
    for part, key, value in (("model_config", "learning_rate", 0.5), ("corruption_stats", "region", None)):
        edited = {**metadata, part: {**metadata[part], key: value}}
        edit_record(folder, name, 0, {"metadata": json.dumps(edited, separators=(",", ":"))})
        hide(folder)
        assert next(problem.what for problem in found(folder)).startswith("metadata differs")


def test_networks_with_starts_of_their_own_are_no_twins(tmp_path, monkeypatch):
    folder = tmp_path / "dataset"
    with monkeypatch.context() as patched:
        patched.setattr(stages, "example_generator", lambda seed, i, purpose: example_generator(seed, i + 1, purpose))
        make_dataset(folder, tiny_config(CONFIG))
    assert found(folder) == []
    (first, *_) = found(folder, retrained=1)
    assert first.what.startswith("trained again, the degraded model is another")


def test_a_pair_in_two_splits_is_found(twins, tmp_path):
    """The tables of one split, called those of the other."""
    folder = Path(shutil.copytree(twins, tmp_path / "dataset"))
    for table in ("data", "modification", "classification"):
        for one, other in (("train", "moved"), ("test", "train"), ("moved", "test")):
            if (folder / table / one).exists():
                (folder / table / one).rename(folder / table / other)
    hide(folder)
    whats = [problem.what for problem in found(folder)]
    assert len([what for what in whats if what.startswith("belongs in the split ")]) == 4
