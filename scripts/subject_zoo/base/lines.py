"""How text that is not ours, an error's or a file's, stands in a line for a person, and how sizes do."""

import math
from collections.abc import Sequence

LONGEST = 200  # characters

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


def one_line(text: object, longest: int = LONGEST) -> str:
    """An error's message, or any text, on one line of bounded length, whatever it holds: what a terminal would obey or
    no encoding has is escaped."""
    words = str(text)
    start = " ".join(words[: 20 * longest].split())
    shown = printable(start[:longest])
    is_whole = len(shown) <= longest and len(start) <= longest and len(words) <= 20 * longest
    return shown if is_whole else f"{shown[:longest]}..."


def printable(text: str) -> str:
    """A text without what a terminal would obey, or no encoding has: that is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def size_in_words(number: float) -> str:
    """Bytes, 0 or more, to three digits, in the unit that leaves one to three of them before the point: 4.1 TB."""
    rounded = float(f"{number:.3g}")  # 999,999 are 1 MB, not 1e+03 kB
    power = min(int(math.log10(max(rounded, 1)) // 3), len(_UNITS) - 1)
    return f"{rounded / 1000**power:.3g} {_UNITS[power]}"


def span_in_words(bounds: Sequence[int]) -> str:
    """A range [least, most], as "2 to 4", or as "2"."""
    return str(bounds[0]) if bounds[0] == bounds[1] else f"{bounds[0]} to {bounds[1]}"


def counted(number: int, noun: str) -> str:
    """As "1 record" and "1,000 records"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
