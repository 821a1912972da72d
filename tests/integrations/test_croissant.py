"""croissant.json is accepted by the format's own package, which streams all records by it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from subject_zoo.dataset.layout import CROISSANT, MANIFEST
from tests.finished_dataset import make_dataset, read_table_rows, tell_of_records, tiny_config

mlcroissant = pytest.importorskip("mlcroissant", reason="make test-integrations has it")

pytestmark = pytest.mark.integrations
TABLES = {"default": "data", "modification": "modification", "classification": "classification"}


@pytest.fixture(scope="module")
def described(tmp_path_factory) -> Path:
    """A finished dataset with its descriptions."""
    folder = tmp_path_factory.mktemp("described") / "dataset"
    make_dataset(folder, tiny_config({"num_examples": 6, "splits": {"validation": 0.3, "test": 0.3}}))
    tell_of_records(folder)
    return folder


@pytest.fixture(scope="module")
def dataset(described):
    return mlcroissant.Dataset(jsonld=described / CROISSANT)


def test_its_own_check_passes(described):
    command = Path(sys.executable).with_name("mlcroissant")
    done = subprocess.run(
        [command, "validate", "--jsonld", described / CROISSANT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "error(s)" not in done.stderr
    assert "Done." in done.stderr
    assert done.stderr.count(" is recommended, but does not exist") == 1  # equal datasets bear no date


def as_python(value):
    """A value of mlcroissant's as the table's own reader gives it."""
    if isinstance(value, bytes):
        return value.decode()
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [as_python(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", TABLES)
def test_all_records_stream_each_with_its_split(described, dataset, name):
    streamed = [
        {key.removeprefix(f"{name}/"): as_python(value) for key, value in record.items()}
        for record in dataset.records(record_set=name)
    ]
    wanted = [
        {"split": path.parent.name, **row}
        for path in sorted(described.glob(f"{TABLES[name]}/*/*.parquet"))
        for row in read_table_rows(path)
    ]
    assert len(wanted) == 6
    assert sorted(streamed, key=lambda row: row["example_id"]) == sorted(wanted, key=lambda row: row["example_id"])


def test_it_says_of_itself_what_who_uses_it_responsibly_asks(dataset, described):
    said = dataset.metadata
    for text in (said.data_limitations, said.data_biases, said.data_use_cases, said.data_social_impact):
        assert text
    assert said.personal_sensitive_information[0].startswith("None.")
    assert said.data_release_maintenance_plan
    described_by = json.loads((described / CROISSANT).read_text())
    assert described_by["rai:hasSyntheticData"] is True
    assert described_by["prov:wasGeneratedBy"]["prov:label"].startswith("Subject Zoo, code ")
    files = json.loads((described / MANIFEST).read_text())["files"]
    objects = {one["@id"]: one["sha256"] for one in described_by["distribution"] if one["@type"] == "cr:FileObject"}
    assert objects == {
        name: files[name]["sha256"] for name in files if name not in ("README.md", "DATASHEET.md", CROISSANT)
    }
