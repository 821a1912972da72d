"""Numbers and texts in a structure of Apache Thrift's compact protocol, the language of Parquet's headers and footers.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from typing import Any

TRUE, FALSE, BYTE, INT16, INT32, INT64, DOUBLE, TEXT, LIST, SET, _MAP, STRUCTURE = range(1, 13)

# Values by field and type: a reader made for Parquet passes over a field that has another type than it should.
Structure = dict[tuple[int, int], Any]

_DEEPEST = 20  # structures and lists inside one another


def read_structure(data: bytes) -> tuple[Structure, int]:
    """A structure's values, and how many bytes it takes. Raises ValueError for bytes that are none."""
    reader = _Reader(data)
    try:
        return reader.structure(0), reader.place
    except IndexError:
        raise ValueError("it is cut off, or none") from None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def structure(self, depth: int) -> Structure:
        fields: Structure = {}
        field = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            field = field + step if step else self._signed()
            fields[field, kind] = self._value(kind, depth + 1)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind in (INT16, INT32, INT64):
            return self._signed()
        if kind in (BYTE, DOUBLE):
            return self._bytes(1 if kind == BYTE else 8)
        if kind == TEXT:
            return self._bytes(self._unsigned())
        if kind in (LIST, SET):
            return self._list(depth)
        if kind == STRUCTURE:
            return self.structure(depth)
        raise ValueError("it holds what none does")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count, kind = head >> 4, head & 15
        if count == 15:
            count = self._unsigned()
        if kind in (TRUE, FALSE):
            kind = BYTE  # in a list, a truth takes a byte
        return [self._value(kind, depth + 1) for _ in range(count)]

    def _byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def _bytes(self, count: int) -> bytes:
        self.place += count
        if self.place > len(self.data):
            raise IndexError
        return self.data[self.place - count : self.place]

    def _unsigned(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
            if shift > 63:
                raise ValueError("it holds what is no number")

    def _signed(self) -> int:
        number = self._unsigned()
        return (number >> 1) ^ -(number & 1)
