"""What a dataset asks of a model, as a digest: equal wherever prompts and true answers are, whoever wrote the files."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
import pyarrow as pa

from subject_zoo.base.errors import UserError
from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import SPLITS
from subject_zoo.dataset.layout import shards_in, table_file
from subject_zoo.dataset.received import Received

_TOLD = ("example_id", "prompt", "completion")


def asked_digest(folder: Received, manifest: Mapping[str, Any], task: str, split: str) -> str:
    """sha256, hex, of a task's rows in a split ("all": of every split, one after another), in the order of ids: of each
    the id, the prompt and the completion, as a JSON list on a line of its own.

    How the rows are cut into files, and which version wrote them, is no part of it. Raises UserError for a table that
    cannot be read.
    """
    digest, shards = hashlib.sha256(), shards_in(manifest["files"])
    for part in SPLITS if split == "all" else (split,):
        for name in [table_file(task, part, shard) for shard in shards]:
            if name in manifest["files"]:
                try:
                    for row in folder.rows(name, _TOLD):
                        digest.update(orjson.dumps([row[key] for key in _TOLD]) + b"\n")
                except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
                    why = one_line(getattr(error, "strerror", None) or error)
                    raise UserError(f"{folder.path / name}: cannot be read ({why})") from None
    return digest.hexdigest()
