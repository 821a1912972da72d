"""A shard's files are read back when they are written, and cut to the examples that are kept."""

import io
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.dataset import shards
from subject_zoo.dataset.cutting import cut
from subject_zoo.dataset.shards import (
    GROUP_ROWS,
    table_row,
    table_schema,
    write_rows,
    write_signatures,
    write_table,
    write_weights,
)
from subject_zoo.networks.files import load_models
from tests.finished_dataset import parquet_files, read_facts
from tests.record_tables import records_of

SCRIPTS = Path(shards.__file__).parents[2]
ASKED = {"include_modification": True, "include_classification": True, "include_diagnosis": False}


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
    """Let a function write its file, given by path or open, and a fault of the disk change one byte of it."""
    write = getattr(shards, name)

    def write_badly(target, *content):
        write(target, *content)
        path = target
        if not isinstance(target, Path):
            target.flush()
            path = Path(target.name)
        with path.open("r+b") as file:
            data = file.read()
            file.seek(len(data) // 3)
            file.write(bytes([data[len(data) // 3] ^ 16]))

    monkeypatch.setattr(shards, name, write_badly)


def test_a_file_that_is_not_what_was_written_is_an_error(finished, records, tmp_path, monkeypatch):
    models = load_models(next(finished.glob("weights/*")))
    arrays = {"example_ids": np.arange(900), "degraded": np.ones((40, 3), np.float32)}
    for name in ("write_rows", "save_models", "save_npz"):
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


# Row groups


TEXTS = pa.schema([("example_id", pa.int64()), ("text", pa.string())])


def group_sizes(data: bytes) -> list[int]:
    """Rows in each row group."""
    file = pq.read_metadata(io.BytesIO(data))
    return [file.row_group(index).num_rows for index in range(file.num_row_groups)]


def written(schema: pa.Schema, rows) -> bytes:
    file = io.BytesIO()
    write_rows(file, schema, rows)
    return file.getvalue()


@given(lengths=st.lists(st.integers(0, 70), max_size=200), kept=st.integers(0, 200))
def test_row_groups_are_bounded_by_rows_and_by_bytes(tmp_path_factory, lengths, kept):
    rows = [{"example_id": i, "text": "ü" * (length // 2)} for i, length in enumerate(lengths)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "GROUP_BYTES", 60)
        data = written(TEXTS, iter(rows))
        assert pq.read_table(io.BytesIO(data)).to_pylist() == rows
        first = 0
        for count in group_sizes(data):
            own = [len(row["text"].encode()) for row in rows[first:]]
            assert count == 1 or sum(own[:count]) <= 60
            assert count == GROUP_ROWS or first + count == len(rows) or sum(own[: count + 1]) > 60
            first += count
        folder = tmp_path_factory.mktemp("cut")
        (folder / "whole.parquet").write_bytes(data)
        chosen = list(range(min(kept, len(rows))))
        assert cut(folder / "whole.parquet", folder / "cut.parquet", chosen) == bool(chosen)
        if chosen:  # as if the others had never been
            assert (folder / "cut.parquet").read_bytes() == written(TEXTS, rows[: len(chosen)])


def test_rows_of_the_largest_networks_stay_below_what_the_hubs_viewer_reads():
    """16 layers of 256 neurons: 64 rows in a group were 733 MiB, where the viewer reads 286."""
    digits = np.random.default_rng(0).integers(48, 58, 12_000_000, np.uint8).tobytes().decode()
    rows = [{"example_id": i, "text": digits[i:] + digits[:i]} for i in range(5)]
    data = written(TEXTS, rows)
    assert group_sizes(data) == [2, 2, 1]
    file = pq.read_metadata(io.BytesIO(data))
    assert all(file.row_group(index).total_byte_size < 40 * 2**20 for index in range(3))
    assert group_sizes(written(TEXTS, [{"example_id": i, "text": "-0.52"} for i in range(150)])) == [64, 64, 22]


class Lazy:
    """Records of a megabyte each, made when they are asked for."""

    def __init__(self, record: dict, count: int) -> None:
        self.record, self.count = record, count

    def __iter__(self):
        for i in range(self.count):
            yield {**self.record, "example_id": i, "degraded_model_weights": str(i % 10) * 2**20}


def test_a_table_is_written_and_read_back_row_group_by_row_group(records, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "GROUP_BYTES", 4 * 2**20)
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    write_table(tmp_path / "table.parquet", "data", Lazy(records[0], 60), ASKED)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * 2**20
    assert pa.total_allocated_bytes() - before < 20 * 2**20
    assert pq.read_metadata(tmp_path / "table.parquet").num_rows == 60


@pytest.mark.parametrize("table", ["data", "modification", "classification"])
def test_a_table_holds_what_pyarrow_makes_of_its_rows(records, tmp_path, table):
    for some in (records, records[:1], []):
        write_table(tmp_path / "a.parquet", table, some, ASKED)
        expected = pa.Table.from_pylist(
            [table_row(table, record) for record in some], schema=table_schema(table, ASKED)
        )
        assert pq.read_table(tmp_path / "a.parquet").equals(expected)


def test_a_shard_takes_no_pandas(records, tmp_path):
    """It takes longer to load than a shard to write."""
    (tmp_path / "records.json").write_text(json.dumps(records))
    code = (
        f"import json, sys; sys.path.insert(0, {str(SCRIPTS)!r})\n"
        "from subject_zoo.dataset.cutting import cut\nfrom subject_zoo.dataset.shards import write_table\n"
        "from pathlib import Path\n"
        "records = json.loads(Path('records.json').read_text())\n"
        f"write_table('a.parquet', 'data', records, {ASKED})\n"
        "assert cut(Path('a.parquet'), Path('b.parquet'), [records[0]['example_id']])\n"
        "sys.exit('pandas' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0
    assert pq.read_table(tmp_path / "b.parquet")["example_id"].to_pylist() == [records[0]["example_id"]]
