"""A shard's files are read back when they are written, and cut to the examples that are kept."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from subject_zoo.dataset import shards
from subject_zoo.dataset.shards import cut, table_rows, table_schema, write_signatures, write_table, write_weights
from subject_zoo.networks.files import load_models
from tests.finished_dataset import finished, parquet_files, read_facts
from tests.record_tables import records_of

__all__ = ["finished"]  # a fixture

SCRIPTS = Path(shards.__file__).parents[2]
ASKED = {"include_modification": True, "include_classification": True}


@pytest.fixture
def records(finished):
    return records_of(finished, parquet_files(finished)[0])


@pytest.mark.parametrize("table", ["data", "modification", "classification"])
def test_tables_are_written_as_they_were(finished, records, tmp_path, table):
    write_table(tmp_path / "table.parquet", table, records, ASKED)
    original = finished / parquet_files(finished)[0].replace("data", table, 1)
    assert (tmp_path / "table.parquet").read_bytes() == original.read_bytes()
    file = pq.ParquetFile(original)
    assert file.metadata.row_group(0).column(0).has_offset_index
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def spoil(monkeypatch, name: str) -> None:
    """Let a function write its file, and a fault of the disk change one byte of it."""
    write = getattr(shards, name)

    def write_badly(path, content):
        write(path, content)
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 16
        path.write_bytes(data)

    monkeypatch.setattr(shards, name, write_badly)


def test_a_file_that_is_not_what_was_written_is_an_error(finished, records, tmp_path, monkeypatch):
    models = load_models(next(finished.glob("weights/*")))
    arrays = {"example_ids": np.arange(900), "degraded": np.ones((40, 3), np.float32)}
    for name in ("atomic_write", "save_models", "save_npz"):
        spoil(monkeypatch, name)
    for write in (
        lambda: write_table(tmp_path / "a.parquet", "data", records, ASKED),
        lambda: write_weights(tmp_path / "a.safetensors", models),
        lambda: write_signatures(tmp_path / "a.npz", arrays),
    ):
        with pytest.raises(Exception, match=r".") as raised:
            write()
        assert not isinstance(raised.value, AssertionError)


def test_cutting_keeps_the_chosen_examples_alone(finished, tmp_path):
    for name in read_facts(finished)["files"]:
        if not name.endswith((".parquet", ".safetensors", ".npz")):
            continue
        target = tmp_path / name.replace("/", "-")
        assert not (name.endswith(".parquet") and cut(finished / name, target, [999_999]))
        everything = list(range(1000))
        if name.endswith(".parquet"):
            assert cut(finished / name, target, everything)
            assert pq.read_table(target).equals(pq.read_table(finished / name))
    weights = next(finished.glob("weights/*"))
    chosen = int(next(iter(load_models(weights))).split("/")[0])
    assert cut(weights, tmp_path / "w.safetensors", [chosen])
    assert list(load_models(tmp_path / "w.safetensors")) == [f"{chosen:06d}/{s}" for s in ("degraded", "improved")]


@pytest.mark.parametrize("table", ["data", "modification", "classification"])
def test_a_table_holds_what_pyarrow_makes_of_its_rows(records, tmp_path, table):
    for some in (records, records[:1], []):
        write_table(tmp_path / "a.parquet", table, some, ASKED)
        expected = pa.Table.from_pylist(table_rows(table, some), schema=table_schema(table, ASKED))
        assert pq.read_table(tmp_path / "a.parquet").equals(expected)


def test_a_shard_takes_no_pandas(records, tmp_path):
    """It takes longer to load than a shard to write."""
    (tmp_path / "records.json").write_text(json.dumps(records))
    code = (
        f"import json, sys; sys.path.insert(0, {str(SCRIPTS)!r})\n"
        "from subject_zoo.dataset.shards import cut, write_table\n"
        "from pathlib import Path\n"
        "records = json.loads(Path('records.json').read_text())\n"
        f"write_table('a.parquet', 'data', records, {ASKED})\n"
        "assert cut(Path('a.parquet'), Path('b.parquet'), [records[0]['example_id']])\n"
        "sys.exit('pandas' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0
    assert pq.read_table(tmp_path / "b.parquet")["example_id"].to_pylist() == [records[0]["example_id"]]
