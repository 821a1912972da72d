"""The words that all lines about a configuration share: values as they stand there, and what may have been meant."""

import difflib
import re
import sys
from collections.abc import Iterable
from typing import Any

from subject_zoo.base.lines import one_line


def did_you_mean(value: Any, names: list[str]) -> str:
    """Ends a line with the name that is near the value, if one is."""
    near = nearest(value.lower(), names) if isinstance(value, str) else None
    return f"; did you mean {near}?" if near else ""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that is nearest a word, if any is near."""
    if len(word) > 100:  # nobody's slip, and comparing takes memory
        return None
    return next(iter(difflib.get_close_matches(word, [*names], n=1, cutoff=0.7)), None)


def shown_key(key: Any) -> str:
    """A key of a mapping as it is, where it looks like one."""
    return key if isinstance(key, str) and re.fullmatch(r"[\w-]{1,60}", key) else show(key)


def show(value: Any) -> str:
    """The value as YAML would have it, near enough, on one line and not for ever long."""
    if value is None:
        return "null"
    if isinstance(value, int) and abs(value) > sys.float_info.max:  # Python refuses to write out the longest
        return f"a whole number of {value.bit_length():,} bits"
    return one_line(str(value).lower() if isinstance(value, bool) else repr(value), 80)
