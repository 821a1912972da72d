"""Files of records: record.jsonl, one JSON object a line."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import orjson

from subject_zoo.base.files import atomic_file


def save_records(path: str | os.PathLike[str], records: Iterable[Mapping[str, Any]]) -> int:
    """Write records, atomically and one by one; how many there were."""
    count = 0
    with atomic_file(path) as file:
        for record in records:
            file.write(record_line(record))
            count += 1
    return count


def record_line(record: Mapping[str, Any]) -> bytes:
    """One line of record.jsonl, with its newline."""
    return orjson.dumps(record) + b"\n"


@dataclass(frozen=True)
class StoredRecords:
    """Records in files, read one by one whenever they are gone through: a record of a large network is 30 MB of text,
    and thousands stand in a window. `lines` are where they stand: file, offset and size in bytes."""

    lines: Sequence[tuple[str | os.PathLike[str], int, int]]

    @classmethod
    def of(cls, *paths: str | os.PathLike[str]) -> Self:
        """The records of one or more files, in order."""
        lines = []
        for path in paths:
            start = 0
            with open(path, "rb") as file:
                for line in file:
                    lines.append((path, start, len(line)))
                    start += len(line)
        return cls(lines)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for path, start, size in self.lines:
            with open(path, "rb") as file:
                file.seek(start)
                yield orjson.loads(file.read(size))

    def select(self, positions: Iterable[int]) -> Self:
        """Those at these positions, counted from 0."""
        return type(self)([self.lines[position] for position in positions])
