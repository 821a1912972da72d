"""A dataset as an adapter names it, a folder or a repository on the Hub, and the rows of its tasks' tables."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.config.tasks import left_out_tasks
from subject_zoo.dataset.card_lengths import TOKENS_A_CHARACTER
from subject_zoo.dataset.received import Received
from subject_zoo.hub.snapshot import snapshot
from subject_zoo.judge.cases import task_rows

_SPARE_TOKENS = 256  # for what is said around an answer


def received(dataset: str, trusted: bool = False) -> Received:
    """The files of a dataset; a repository is downloaded, and trusted as whose owner is named. Raises UserError."""
    if Path(dataset).is_dir():
        return Received(Path(dataset), trusted)
    return Received(snapshot(dataset), trusted=True)


def rows_of_task(dataset: str, split: str, task: str, trusted: bool = False) -> Iterator[dict[str, Any]]:
    """The rows of a task in a split, in the order of their ids: `example_id`, `prompt` and `completion`.

    Raises UserError for a dataset that cannot be used, and as `checked_manifest`.
    """
    folder = received(dataset, trusted)
    yield from task_rows(folder, checked_manifest(folder, split, task), split, task)


def checked_manifest(folder: Received, split: str, task: str) -> dict[str, Any]:
    """The manifest of a dataset. Raises UserError where it has no such task, and where the split has no record."""
    manifest = folder.manifest()
    if reason := left_out_tasks(manifest["config"]["task_generation"]).get(task):
        raise UserError(f"{folder.path}: has no task {task}: {reason}")
    if not manifest["rows"].get(split):
        raise UserError(f"{folder.path}: the split {split} has no record; choose another")
    return manifest


def most_tokens(answers: Iterable[str]) -> int:
    """How many tokens a model may need for answers like these, by any of the tokenizers that were measured."""
    return math.ceil(TOKENS_A_CHARACTER[1] * max(map(len, answers), default=0)) + _SPARE_TOKENS
