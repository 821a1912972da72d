"""What a person reads at the end of a run that succeeded: what there is now, where it lies, what to type next."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from main_process.pace import duration
from subject_zoo.base.files import read_json
from subject_zoo.base.ids import ExampleRange
from subject_zoo.base.lines import size_in_words
from subject_zoo.dataset.cautions import cautions
from subject_zoo.dataset.layout import CARD, MANIFEST, VALIDITY

_DATASET = Path("results/dataset")
_PUBLISHED = Path("results/published/dataset.json")
_REPORT = Path("results/report.html")
_VERIFICATION = Path("results/verification.txt")
_SHOWN = 3  # files that were asked for
_UNITS = ("tokens", "chars")  # of lengths; the first ones where a tokenizer counted them


def last_lines(asked: Collection[str], folder: str | os.PathLike[str] | None, seconds: float | None) -> Iterator[str]:
    """Some lines on the files that were `asked` for, as far as they are there: on the dataset if it is among them.

    `folder` is where a person has it that results/ is in, None where that is where they are. `seconds` is how long the
    run took, None where nothing was to be done.
    """
    place = Path(folder or "")
    time = "nothing was to be done" if seconds is None else f"done in {duration(seconds)}"
    if str(_DATASET / MANIFEST) in asked:
        with suppress(OSError, ValueError, KeyError, TypeError):  # of a part of a run, or of another version's
            yield from list(_of_dataset(place, time, seconds is not None))
            return
    if paths := sorted(path for path in asked if Path(path).exists()):
        told = ", ".join(_in_words(path, place) for path in paths[:_SHOWN])
        yield f"{time}: {told}" + (f", and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")


def _of_dataset(place: Path, time: str, in_full: bool) -> Iterator[str]:
    manifest, figures = read_json(_DATASET / MANIFEST), read_json(_DATASET / VALIDITY)
    folder = place / _DATASET
    funnel = figures["funnel"]
    splits = ", ".join(f"{split} {count:,}" for split, count in manifest["rows"].items())
    yield (
        f"{time}: {manifest['num_examples']:,} records of {funnel['candidates']:,} candidates "
        f"({funnel['acceptance'] or 0:.0%}): {splits}"
    )
    yield from cautions(manifest["config"])
    counted = next(filter(None, (figures[unit] for unit in _UNITS)))
    if in_full and all(counted.values()):
        unit = "tokens" if counted is figures["tokens"] else "characters"
        yield f"{unit} of a prompt and its completion: {_lengths(counted)}"
    report = f", the report {place / _REPORT}" if _REPORT.exists() else ""
    size = size_in_words(sum(entry["size"] for entry in manifest["files"].values()))
    yield f"the dataset is {folder} ({size}), its card {folder / CARD}{report}"
    if in_full:
        task = next(iter(figures["chars"]))
        here = folder == _DATASET
        yield f'to load it:     datasets.load_dataset("{folder}", "{task}")'
        yield "to check it:    make verify" + ("" if here else f" FOLDER={folder}")
        if _PUBLISHED.exists():
            yield f"it is published: https://huggingface.co/datasets/{read_json(_PUBLISHED)['repo_id']}"
        else:
            yield "to publish it:  the same command, with publish='{repo_id: you/name}' in its --config"


def _lengths(by_task: Mapping[str, Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{task} {lengths['median']:,.0f} ({lengths['min']:,.0f} to {lengths['max']:,.0f})"
        for task, lengths in by_task.items()
    )


def _in_words(path: str, place: Path) -> str:
    """A file that was asked for, and what it says, where that is short."""
    file = Path(path)
    shown = str(place / file)
    if file == _VERIFICATION:
        return f"{shown} says: {file.read_text(encoding='utf-8').splitlines()[-1]}"
    if file.match("results/examples/*/record.jsonl"):
        with file.open("rb") as lines:
            records = sum(1 for _ in lines)
        candidates = len(ExampleRange.parse(file.parent.name).ids)
        return f"{shown} holds {records:,} records of {candidates:,} candidates"
    return shown
