"""What a dataset asks of a model, as a digest: equal wherever prompts and true answers are, whoever wrote the files."""

import hashlib
from collections.abc import Container, Mapping
from typing import Any

import orjson

from subject_zoo.base.terms import SPLITS
from subject_zoo.dataset.received import Received
from subject_zoo.judge.cases import task_rows


def asked_digest(
    folder: Received, manifest: Mapping[str, Any], task: str, split: str, asked: Container[int] | None = None
) -> str:
    """sha256, hex, of a task's rows in a split ("all": of every split, one after another), in the order of ids; of the
    `asked` examples alone, where they are given. Of each row the id, the prompt and the completion, as a JSON list on a
    line of its own.

    How the rows are cut into files, and which version wrote them, is no part of it. Raises UserError as `task_rows`.
    """
    digest = hashlib.sha256()
    for part in SPLITS if split == "all" else (split,):
        for row in task_rows(folder, manifest, part, task):
            if asked is None or row["example_id"] in asked:
                digest.update(orjson.dumps([row["example_id"], row["prompt"], row["completion"]]) + b"\n")
    return digest.hexdigest()
