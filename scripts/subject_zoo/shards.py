"""Shards: the accepted examples of a window as Parquet by split, with their exact weights and signatures."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from subject_zoo.files import load_npz, save_npz
from subject_zoo.formatter import COLUMNS
from subject_zoo.range_files import read_signatures, signature_arrays
from subject_zoo.weights import load_models, save_models

ROW_GROUP = 64  # rows of 100-400 kB: 6-25 MB a group, which a reader of one row has to fetch

_SHORT = pa.schema(  # what fits a table on a screen, before the long columns
    [
        ("example_id", pa.int64()),
        ("selected_patterns", pa.list_(pa.string())),
        ("target_pattern", pa.string()),
        ("activation_type", pa.string()),
        ("num_layers", pa.int32()),
        ("neurons_per_layer", pa.int32()),
        ("parameter_count", pa.int32()),
        ("degraded_target_accuracy", pa.float64()),
        ("improved_target_accuracy", pa.float64()),
        ("lowest_improved_accuracy", pa.float64()),
    ]
)


def table_schema(columns: Sequence[str]) -> pa.Schema:
    """The Parquet schema of records with these columns: the short ones, then the record's own as text."""
    long_columns = [pa.field(name, pa.string()) for name in COLUMNS if name in columns and name != "example_id"]
    return pa.schema([*_SHORT, *long_columns])


def record_columns(task_generation: Mapping[str, bool]) -> list[str]:
    """The columns that records have under the config's section `task_generation`."""
    left_out = [task for task in ("modification", "classification") if not task_generation[f"include_{task}"]]
    return [name for name in COLUMNS if not name.startswith(tuple(left_out) or "\0")]


def parquet_bytes(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    """Records as a Parquet file: zstd, page index, row groups of ROW_GROUP rows. Equal records, equal bytes."""
    rows = [_short_columns(record) | {name: record[name] for name in columns} for record in records]
    return _encode(pa.Table.from_pylist(rows, schema=table_schema(columns)))


def _encode(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", row_group_size=ROW_GROUP, write_page_index=True)
    return buffer.getvalue()


def cut_parquet(path: Path, kept: Sequence[int]) -> bytes:
    """A shard's Parquet file with the rows of the kept examples alone."""
    table = pq.read_table(path)
    return _encode(table.filter(pc.is_in(table["example_id"], pa.array(kept, pa.int64()))))


def cut_weights(source: Path, target: Path, kept: Sequence[int]) -> None:
    """Write a shard's weights file with the kept examples alone, atomically."""
    models = load_models(source)
    save_models(target, {name: model for name, model in models.items() if int(name.split("/")[0]) in set(kept)})


def cut_signatures(source: Path, target: Path, kept: Sequence[int]) -> None:
    """Write a shard's signatures file with the kept examples alone, atomically."""
    arrays = load_npz(source)
    signed = read_signatures(arrays)
    stages = [{example_id: signed[example_id][stage] for example_id in kept} for stage in (0, 1)]
    save_npz(target, signature_arrays(tuple(arrays["feature_names"].tolist()), list(kept), *stages))


def _short_columns(record: Mapping[str, Any]) -> dict[str, Any]:
    metadata = json.loads(record["metadata"])
    model, target = metadata["model_config"], metadata["target_pattern"]
    return {
        "selected_patterns": metadata["selected_patterns"],
        "target_pattern": target,
        "activation_type": model["activation_type"],
        "num_layers": model["num_layers"],
        "neurons_per_layer": model["neurons_per_layer"],
        "parameter_count": model["parameter_count"],
        "degraded_target_accuracy": metadata["degraded"]["accuracy"][target],
        "improved_target_accuracy": metadata["improved"]["accuracy"][target],
        "lowest_improved_accuracy": min(metadata["improved"]["accuracy"].values()),
    }
