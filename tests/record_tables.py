"""Records of a dataset folder, read from and edited in the tables that hold them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

TEXTS = ("prompt", "completion")


def place_of(name: str, column: str) -> tuple[str, str]:
    """The file and the name there of a record's column, `name` being the file in the table `data`."""
    task, _, text = column.partition("_")
    return (name.replace("data", task, 1), text) if text in TEXTS else (name, column)


def records_of(folder: Path, name: str) -> list[dict[str, Any]]:
    """The records of a file of the table `data`, with the columns of their tasks."""
    records = pq.read_table(folder / name).to_pylist()
    for task in ("modification", "classification"):
        path = folder / name.replace("data", task, 1)
        for record, row in zip(records, pq.read_table(path).to_pylist() if path.exists() else [], strict=False):
            assert row.pop("example_id") == record["example_id"]
            record |= {f"{task}_{text}": value for text, value in row.items()}
    return records


def edit_rows(path: Path, edit: Callable[[list[dict[str, Any]]], Any]) -> None:
    """Change the list of a Parquet file's rows in place, keeping its schema."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    edit(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path, compression="zstd")


def edit_record(folder: Path, name: str, row: int, changes: Mapping[str, Any]) -> None:
    """Change columns of a record in the files that hold them."""
    for column, value in changes.items():
        file, text = place_of(name, column)
        edit_rows(folder / file, lambda rows, text=text, value=value: rows[row].update({text: value}))
