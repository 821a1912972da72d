"""Where a dataset was published, by the receipts that a run keeps beside its folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from subject_zoo.base.foreign import read_inside
from subject_zoo.base.json_text import parse_json
from subject_zoo.base.lines import one_line

_LARGEST = 64_000_000  # bytes
_FOLDER = "published"
_SHOWN = 60  # characters


def published(folder: Path, files: Mapping[str, Any]) -> dict[str, Any] | None:
    """The repository, its commit, and whether it holds the very `files` of the manifest; None where nothing was.

    The last receipt of results/published/ beside results/dataset is read, as a stranger's file. Raises OSError and
    ValueError for one that is none.
    """
    beside = folder.absolute().parent
    if folder.absolute().name != "dataset" or not (beside / _FOLDER).is_dir():
        return None
    names = sorted(path.name for path in (beside / _FOLDER).glob("*.json") if path.stem.isdecimal())
    for name in ("dataset.json", *reversed(names), "repository.json"):
        if (beside / _FOLDER / name).exists():
            receipt = parse_json(read_inside(beside, f"{_FOLDER}/{name}", _LARGEST))
            if not isinstance(receipt, dict) or not all(isinstance(receipt.get(k), str) for k in ("repo_id", "commit")):
                raise ValueError(f"{_FOLDER}/{name} is no receipt")
            return {
                "repo_id": one_line(receipt["repo_id"], _SHOWN),
                "commit": one_line(receipt["commit"], _SHOWN),
                "whole": name == "dataset.json" and receipt.get("files") == files,
            }
    return None
