"""A dataset as an adapter names it, a folder or a repository on the Hub, and the rows of its tasks' tables."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

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

    Raises UserError for a dataset that cannot be used; of a split that is empty there are none.
    """
    folder = received(dataset, trusted)
    yield from task_rows(folder, folder.manifest(), split, task)


def most_tokens(answers: Iterable[str]) -> int:
    """How many tokens a model may need for answers like these, by any of the tokenizers that were measured."""
    return math.ceil(TOKENS_A_CHARACTER[1] * max(map(len, answers), default=0)) + _SPARE_TOKENS
