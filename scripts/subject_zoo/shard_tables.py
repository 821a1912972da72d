"""The tables that a shard's records are in.

A record's prompts and completions stand in a table for each task, under the names that trainers of language models
ask for, and all else in the table "data": so each task can be loaded as it is, and no text is stored twice.
"""

from collections.abc import Mapping

DATA = "data"
TASKS = ("modification", "classification")


def table_names(task_generation: Mapping[str, bool]) -> list[str]:
    """The tables there are under the config's section `task_generation`."""
    return [DATA, *(task for task in TASKS if task_generation[f"include_{task}"])]


def table_of(column: str) -> str:
    """The table that holds a record's column, under another name where it is a task's."""
    return next((task for task in TASKS if column.startswith(f"{task}_")), DATA)
