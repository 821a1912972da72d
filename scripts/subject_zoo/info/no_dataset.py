"""What a folder is that is no dataset: said of those that a run makes beside one."""

import os
from pathlib import Path

from subject_zoo.base.errors import UserError
from subject_zoo.base.ids import ExampleRange
from subject_zoo.dataset.layout import MANIFEST, SHARD_FOLDERS

_OF_RANGE = ("dataset.npz", "degraded.safetensors", "improved.safetensors", "validation.json", "record.jsonl")


def what_stands_there(folder: Path) -> str | None:
    """In words, where no dataset stands in a folder, and where one does; None where there is a manifest, or what is
    there cannot be seen.

    Names are looked at, and no file.
    """
    try:
        os.lstat(folder / MANIFEST)
    except NotADirectoryError:
        return "a file, not a folder; name the folder that holds manifest.json, as results/dataset"
    except FileNotFoundError:
        return _without_manifest(folder)
    except (OSError, ValueError):
        return None
    return None


def _without_manifest(folder: Path) -> str:
    if not folder.exists():
        return "there is no such folder; name one that holds manifest.json, as results/dataset"
    if (folder / "dataset" / MANIFEST).exists():
        return f"the folder of a run; its dataset is {folder / 'dataset'}"
    if (examples := _range_of(folder.absolute())) is not None:
        made = [name for name in _OF_RANGE if (folder / name).exists()]
        dataset = folder.parent.parent / "dataset"
        where = f"the dataset is {dataset}" if (dataset / MANIFEST).exists() else "no dataset was made of it yet"
        return f"a range of {len(examples.ids)} candidates ({', '.join(made) or 'nothing made yet'}); {where}"
    if any((folder / part).is_dir() for part in SHARD_FOLDERS):
        return f"a dataset that was not put together to its end: {MANIFEST} is missing; type its run again"
    return f"no dataset stands there: {MANIFEST} is missing; name a folder as results/dataset"


def _range_of(folder: Path) -> ExampleRange | None:
    """The candidates of results/examples/000000-000059."""
    if folder.parent.name != "examples":
        return None
    try:
        return ExampleRange.parse(folder.name)
    except UserError:
        return None
