"""What reading a Parquet file would take, told from its pages' headers before any page is unpacked.

The footer says how large its columns are, and may lie: libraries believe it until memory ends. The headers of the
pages say how large each is unpacked and how many values it holds, and a library reads no more than that.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow.parquet as pq

LARGEST_FOOTER = 4_000_000  # bytes; a column of a row group takes 100
LARGEST_PAGES = 256_000_000  # bytes, unpacked, of the largest page of each column of a row group, together
MOST_ROWS = 1_000_000  # of a file
MOST_VALUES_A_ROW = 100  # in a list: no row names more than all patterns
BATCH = 64_000_000  # bytes that the rows that are read together may take

_LARGEST_HEADER = 1_000_000
_LONGEST_LIST = 1_000_000  # of the footer's structures
_DICTIONARY = 2  # the kind of a page
_DATA = {0: 5, 3: 8}  # kinds of pages with values, and the field that says how many, of two versions
_DEEPEST = 10  # structures inside one another


@dataclass(frozen=True)
class Column:
    """A column of a row group: the largest page and the dictionary, in bytes unpacked; or what is wrong with it."""

    largest_page: int = 0
    dictionary: int = 0
    fault: str | None = None


def open_parquet(file: BinaryIO) -> pq.ParquetFile:
    """A file that may be anybody's, with its footer read. Raises ValueError and what pyarrow raises for none."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 8))
    footer = int.from_bytes(file.read(8)[:4], "little")
    if footer > LARGEST_FOOTER:
        raise ValueError(f"its footer has {footer:,} bytes; at most {LARGEST_FOOTER:,} are read")
    file.seek(0)
    opened = pq.ParquetFile(
        file, thrift_string_size_limit=LARGEST_FOOTER, thrift_container_size_limit=_LONGEST_LIST, pre_buffer=False
    )
    if opened.metadata.num_rows > MOST_ROWS:
        raise ValueError(f"it has {opened.metadata.num_rows:,} rows; at most {MOST_ROWS:,} are read")
    return opened


def columns_of(file: BinaryIO, metadata: pq.FileMetaData, group: int) -> dict[str, Column]:
    """The columns of a row group by name; where they would be too large together, the largest is at fault.
    Raises ValueError for a name that is no text."""
    row_group = metadata.row_group(group)
    columns: dict[str, Column] = {}
    for place in range(row_group.num_columns):
        chunk = row_group.column(place)
        try:
            column = _column(file, chunk, row_group.num_rows)
        except (ValueError, OSError) as error:
            column = Column(fault=str(error))
        columns[chunk.path_in_schema.split(".")[0]] = column
    together = sum(column.largest_page for column in columns.values())
    if together > LARGEST_PAGES:
        largest = max(columns, key=lambda name: columns[name].largest_page)
        columns[largest] = Column(fault=f"its row group's pages take {together:,} bytes; at most {LARGEST_PAGES:,} may")
    return columns


def rows_together(columns: Mapping[str, Column]) -> int:
    """How many rows to read at a time: each may repeat the largest value of each dictionary."""
    return max(1, min(64, BATCH // max(1, sum(column.dictionary for column in columns.values()))))


def _column(file: BinaryIO, chunk: Any, rows: int) -> Column:
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
        start = chunk.dictionary_page_offset
    end, values, largest, dictionary = start + chunk.total_compressed_size, 0, 0, 0
    if not 0 < start <= end <= file.seek(0, os.SEEK_END):
        raise ValueError("its pages lie outside the file")
    if not 0 <= chunk.num_values <= rows * MOST_VALUES_A_ROW:
        raise ValueError(f"it has {chunk.num_values:,} values in {rows:,} rows")
    while start < end:
        file.seek(start)
        header, length = _Thrift(file.read(min(_LARGEST_HEADER, end - start))).page_header()
        kind, unpacked, packed = (_number(header, field) for field in (1, 2, 3))
        start += length + packed
        if min(kind, packed, unpacked) < 0 or start > end:
            raise ValueError("a page of it is larger than what is there")
        largest = max(largest, unpacked, packed)
        if kind == _DICTIONARY:
            dictionary = max(dictionary, unpacked)
        elif kind in _DATA:
            count = _number(header.get(_DATA[kind]), 1)
            values += count
            if count < 0 or values > chunk.num_values:
                raise ValueError("its pages hold more values than the footer says")
    return Column(largest, dictionary)


def _number(structure: Any, field: int) -> int:
    """An integer of a structure; -1 where there is none."""
    value = structure.get(field) if isinstance(structure, dict) else None
    return value if type(value) is int else -1


class _Thrift:
    """Numbers in a structure of Apache Thrift's compact protocol. Raises ValueError for bytes that are none."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def page_header(self) -> tuple[dict[int, Any], int]:
        """A structure's integers and structures by field, and how many bytes it takes."""
        try:
            return self._structure(0), self.place
        except IndexError:
            raise ValueError("the header of a page of it is cut off, or none") from None

    def _structure(self, depth: int) -> dict[int, Any]:
        if depth > _DEEPEST:
            raise ValueError("the header of a page of it is nested too deeply")
        fields: dict[int, Any] = {}
        field = 0
        while kind := self._byte():
            step, kind = kind >> 4, kind & 15
            field = field + step if step else self._signed()
            fields[field] = self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2):  # true, false
            return kind == 1
        if kind in (4, 5, 6):  # integers of 16, 32 and 64 bits
            return self._signed()
        if kind == 12:
            return self._structure(depth + 1)
        if kind in (3, 7):  # a byte, a double
            return self._skip(1 if kind == 3 else 8)
        if kind == 8:  # text
            return self._skip(self._unsigned())
        raise ValueError("the header of a page of it holds what none does")

    def _byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def _skip(self, count: int) -> None:
        self.place += count

    def _unsigned(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
            if shift > 63:
                raise ValueError("the header of a page of it holds what is no number")

    def _signed(self) -> int:
        number = self._unsigned()
        return (number >> 1) ^ -(number & 1)
