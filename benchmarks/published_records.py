"""Records as a dataset folder holds them: read by this file alone, without the project's library."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

TASKS = ("modification", "classification", "diagnosis")


def read_records(folder: Path, columns: Collection[str]) -> Iterator[dict[str, Any]]:
    """Of each record those of the columns that it has, joined from the folder's tables by example.

    Raises ValueError where a task's table is not of the same examples, in the same order, as the table `data`.
    """
    for path in sorted((folder / "data").rglob("*.parquet")):
        inside = path.relative_to(folder / "data")
        tasks = {task: folder / task / inside for task in TASKS if (folder / task / inside).exists()}
        own = [name for name in columns if name in pq.read_schema(path).names]
        records = pq.read_table(path, columns=["example_id", *own]).to_pylist()
        for task, task_path in tasks.items():
            wanted = {f"{task}_{text}": text for text in ("prompt", "completion") if f"{task}_{text}" in columns}
            if not wanted:
                continue
            rows = pq.read_table(task_path, columns=["example_id", *wanted.values()]).to_pylist()
            for record, row in zip(records, rows, strict=True):
                if row["example_id"] != record["example_id"]:
                    raise ValueError(f"{task_path} is not of the examples of {path}")
                record |= {column: row[text] for column, text in wanted.items()}
        yield from records
