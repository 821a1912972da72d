"""Example ids and ranges of them, as they stand in file names: "000123" or "000100-000199".

An id has six digits, padded with zeros, and more only from 1000000 on, unpadded. Every range has exactly one
name, so that one example asked for in one way is one file.
"""

import re
from dataclasses import dataclass
from typing import Self

from subject_zoo.base.errors import UserError
from subject_zoo.base.lines import one_line

WILDCARD = r"[0-9-]+"  # Snakemake's: wider than the names that exist, so that a near miss reaches ExampleRange.parse
MAX_ID = 999_999_999  # nine digits: more than anyone makes, and it fits the columns and keys that hold ids


@dataclass(frozen=True)
class ExampleRange:
    """The example ids from `first` to `last`, both included.

    Raises ValueError unless 0 <= first <= last <= MAX_ID.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last <= MAX_ID:
            raise ValueError(f"example ids {self.first} to {self.last}: not 0 <= first <= last <= {MAX_ID}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The range of a name, the reverse of `str`.

        Raises UserError for every other text, with the name that would be right where that is plain.
        """
        if not re.fullmatch(r"[0-9]{1,9}(-[0-9]{1,9})?", text):
            raise UserError(
                f"examples: {one_line(repr(text), 60)} is neither an id, as 000123, nor a range of ids, as "
                "000100-000199"
            )
        ends = [int(digits) for digits in text.split("-")]
        canonical = cls(min(ends), max(ends))
        if ends != sorted(ends):
            raise UserError(f"examples: {text} has its first id above its last; write {canonical}")
        if str(canonical) != text and len(set(ends)) < len(ends):
            raise UserError(f"examples: {text} is a range of one id; write {canonical}")
        if str(canonical) != text:
            raise UserError(f"examples: {text} is not padded with zeros to six digits; write {canonical}")
        return canonical

    def __str__(self) -> str:
        first, last = format_id(self.first), format_id(self.last)
        return first if self.first == self.last else f"{first}-{last}"

    @property
    def ids(self) -> range:
        """The example ids, in order."""
        return range(self.first, self.last + 1)


def format_id(example_id: int) -> str:
    """An id as in file names and tensor keys: at least six digits."""
    return f"{example_id:06d}"


def cut_into_ranges(first: int, count: int, size: int) -> list[ExampleRange]:
    """`count` ids from `first` on, cut into ranges of `size` ids; the last one holds what is left.

    Raises ValueError for a negative count or a size below 1.
    """
    if count < 0 or size < 1:
        raise ValueError(f"{count} ids cannot be cut into ranges of {size}")
    end = first + count
    return [ExampleRange(start, min(start + size, end) - 1) for start in range(first, end, size)]
