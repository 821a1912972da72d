"""What a check of a dataset finds, as one line for a person."""

from dataclasses import dataclass

from subject_zoo.base.ids import format_id
from subject_zoo.base.lines import one_line

_SHOWN = 12  # characters before and after the place where two texts part
_LONGEST = 600  # characters of a line's part


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a dataset folder: the file relative to it, what, and where known the row of a
    Parquet file (the first is 0) and the example."""

    file: str
    what: str
    row: int | None = None
    example_id: int | None = None

    def __str__(self) -> str:
        row = "" if self.row is None else f", row {self.row}"
        example = "" if self.example_id is None else f" (example {format_id(self.example_id)})"
        return f"{one_line(self.file)}{row}{example}: {one_line(self.what, _LONGEST)}"


def first_difference(actual: str, expected: str) -> str:
    """Where two texts that differ part (characters count from 0), and what stands there in each."""
    shorter = min(len(actual), len(expected))
    at = next((i for i in range(shorter) if actual[i] != expected[i]), shorter)
    shown = slice(max(0, at - _SHOWN), at + _SHOWN)
    return f"at character {at} stands {actual[shown]!r} instead of {expected[shown]!r}"
