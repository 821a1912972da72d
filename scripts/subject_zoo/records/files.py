"""Files of records: record.jsonl, one JSON object a line."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from subject_zoo.base.files import atomic_write


def save_records(path: str | os.PathLike[str], records: Iterable[Mapping[str, Any]]) -> None:
    """Write records, atomically."""
    atomic_write(path, b"".join(map(record_line, records)))


def record_line(record: Mapping[str, Any]) -> bytes:
    """One line of record.jsonl, with its newline."""
    return orjson.dumps(record) + b"\n"


def load_records(*paths: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The records of one or more files, in order."""
    records = []
    for path in paths:
        with open(path, "rb") as file:
            records += [orjson.loads(line) for line in file]
    return records
