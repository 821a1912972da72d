"""Files of completions for the scorer: the true ones of a dataset's records, or any others."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.finished_dataset import read_table_rows


def task_rows(dataset: Path, task: str) -> list[dict[str, Any]]:
    """The rows of a task's table, of all splits."""
    return [row for path in sorted(dataset.glob(f"{task}/*/*.parquet")) for row in read_table_rows(path)]


def true_answers(dataset: Path, *tasks: str) -> list[dict[str, Any]]:
    """The recorded completions of these tasks, as the scorer takes them."""
    return [
        {"example_id": row["example_id"], "task": task, "completion": row["completion"]}
        for task in tasks
        for row in task_rows(dataset, task)
    ]


def write_answers(path: Path, answers: Iterable[dict[str, Any] | str]) -> Path:
    """A line for each answer, or what else is to stand there; the path."""
    path.write_text("".join(f"{answer if isinstance(answer, str) else json.dumps(answer)}\n" for answer in answers))
    return path
