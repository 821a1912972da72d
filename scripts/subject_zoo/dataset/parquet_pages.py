"""What reading a Parquet file would take, told from its pages' headers before any page is unpacked.

The footer says how large its columns are, and may lie: libraries believe it until memory ends. The headers of the
pages say how large each is unpacked and how many values it holds, and a library reads no more than that. The footer
is read here too: asked of a column chunk, pyarrow (25) ends the process where a footer contradicts itself.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow.parquet as pq

from subject_zoo.dataset.thrift import INT32, INT64, LIST, STRUCTURE, Structure, read_structure

LARGEST_FOOTER = 4_000_000  # bytes; a column of a row group takes 100
LARGEST_PAGES = 256_000_000  # bytes, unpacked, of the largest page of each column of a row group, together
MOST_ROWS = 1_000_000  # of a file
MOST_VALUES_A_ROW = 100  # in a list: no row names more than all patterns
BATCH = 64_000_000  # bytes that the rows that are read together may take

_LARGEST_HEADER = 1_000_000
_LONGEST_LIST = 1_000_000  # of the footer's structures
_DICTIONARY = 2  # the kind of a page
_DATA = {0: 5, 3: 8}  # kinds of pages with values, and the field that says how many, of two versions


@dataclass(frozen=True)
class Column:
    """A column of a row group: the largest page and the dictionary, in bytes unpacked; or what is wrong with it."""

    largest_page: int = 0
    dictionary: int = 0
    fault: str | None = None


def open_parquet(file: BinaryIO) -> pq.ParquetFile:
    """A file that may be anybody's, with its footer read. Raises ValueError and what pyarrow raises for none."""
    if (footer := _footer_length(file)) > LARGEST_FOOTER:
        raise ValueError(f"its footer has {footer:,} bytes; at most {LARGEST_FOOTER:,} are read")
    file.seek(0)
    opened = pq.ParquetFile(
        file, thrift_string_size_limit=LARGEST_FOOTER, thrift_container_size_limit=_LONGEST_LIST, pre_buffer=False
    )
    if opened.metadata.num_rows > MOST_ROWS:
        raise ValueError(f"it has {opened.metadata.num_rows:,} rows; at most {MOST_ROWS:,} are read")
    return opened


def row_groups_of(file: BinaryIO) -> list[Structure]:
    """What the footer of a file that `open_parquet` took says of each row group. Raises ValueError."""
    length = _footer_length(file)
    file.seek(-8 - length, os.SEEK_END)
    try:
        return _list(read_structure(file.read(length))[0], 4)
    except ValueError as error:
        raise ValueError(f"its footer cannot be read: {error}") from None


def columns_of(file: BinaryIO, row_group: Structure, names: Sequence[str]) -> dict[str, Column]:
    """The columns of a row group by name; where they would be too large together, the largest is at fault.

    `names` are those of the schema's leaves. Raises ValueError for a row group that has others.
    """
    chunks, rows = _list(row_group, 1), _number(row_group, 3, INT64)
    if len(chunks) != len(names):
        raise ValueError(f"a row group has {len(chunks):,} columns instead of {len(names):,}")
    columns: dict[str, Column] = {}
    for name, chunk in zip(names, chunks, strict=True):
        try:
            columns[name] = _column(file, chunk.get((3, STRUCTURE)), rows)
        except (ValueError, OSError) as error:
            columns[name] = Column(fault=str(error))
    together = sum(column.largest_page for column in columns.values())
    if together > LARGEST_PAGES:
        largest = max(columns, key=lambda name: columns[name].largest_page)
        columns[largest] = Column(fault=f"its row group's pages take {together:,} bytes; at most {LARGEST_PAGES:,} may")
    return columns


def rows_together(columns: Mapping[str, Column]) -> int:
    """How many rows to read at a time: each may repeat the largest value of each dictionary."""
    return max(1, min(64, BATCH // max(1, sum(column.dictionary for column in columns.values()))))


def _footer_length(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 8))
    return int.from_bytes(file.read(8)[:4], "little")


def _column(file: BinaryIO, chunk: Structure | None, rows: int) -> Column:
    values_said, packed_said, first, dictionary_at = (_number(chunk, field, INT64) for field in (5, 7, 9, 11))
    start = dictionary_at if 0 < dictionary_at < first else first
    end, values, largest, dictionary = start + packed_said, 0, 0, 0
    if not 0 < start <= end <= file.seek(0, os.SEEK_END):
        raise ValueError("its pages lie outside the file")
    if not 0 <= values_said <= rows * MOST_VALUES_A_ROW:
        raise ValueError(f"it has {values_said:,} values in {rows:,} rows")
    while start < end:
        file.seek(start)
        try:
            header, length = read_structure(file.read(min(_LARGEST_HEADER, end - start)))
        except ValueError as error:
            raise ValueError(f"the header of a page of it cannot be read: {error}") from None
        kind, unpacked, packed = (_number(header, field, INT32) for field in (1, 2, 3))
        start += length + packed
        if min(kind, packed, unpacked) < 0 or start > end:
            raise ValueError("a page of it is larger than what is there")
        largest = max(largest, unpacked, packed)
        if kind == _DICTIONARY:
            dictionary = max(dictionary, unpacked)
        elif kind in _DATA:
            count = _number(header.get((_DATA[kind], STRUCTURE)), 1, INT32)
            values += count
            if count < 0 or values > values_said:
                raise ValueError("its pages hold more values than the footer says")
    return Column(largest, dictionary)


def _number(structure: Structure | None, field: int, kind: int) -> int:
    """An integer of a structure; -1 where there is none."""
    number: int = -1 if structure is None else structure.get((field, kind), -1)
    return number


def _list(structure: Structure, field: int) -> list[Any]:
    """A list of structures; an empty one where there is none."""
    found = structure.get((field, LIST), [])
    if not all(isinstance(one, dict) for one in found):
        raise ValueError("it lists what are no structures")
    return found
