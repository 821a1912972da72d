"""Shards: the accepted examples of a window as Parquet by split, with their exact weights and signatures."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from subject_zoo.formatter import COLUMNS

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
    table = pa.Table.from_pylist(rows, schema=table_schema(columns))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", row_group_size=ROW_GROUP, write_page_index=True)
    return buffer.getvalue()


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
