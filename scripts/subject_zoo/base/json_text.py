"""JSON put together from parts that are text already, and read with no name lost, at a bounded cost."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MEMORY = 400_000_000  # bytes that the values of a text may take: those of a manifest of a million files

_SIZES = {b"{": 200, b"[": 90, b",": 80, b":": 60}  # bytes of memory for each such sign, measured

_Members = Sequence[tuple[str, Any]]


class RepeatedName(ValueError):  # noqa: N818
    """A JSON object in which a name stands twice."""


def parse_json(
    text: str | bytes,
    object_pairs_hook: Callable[[_Members], Any] | None = None,
    memory: int | None = MEMORY,
) -> Any:
    """The value of a JSON text, which may be anybody's.

    Raises ValueError for what is not JSON, is nested too deeply, or would take more than `memory` bytes, if that is not
    None.
    """
    if memory is not None and (needed := _memory(text)) > memory:
        raise ValueError(f"its values would take {needed:,} bytes of memory; at most {memory:,} are given")
    try:
        return json.loads(text, object_pairs_hook=object_pairs_hook)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _memory(text: str | bytes) -> int:
    """What the values of a JSON text take, at most: of a text like "[{},{}" it is twenty times its size and more."""
    data = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    return 3 * len(data) + sum(size * data.count(sign) for sign, size in _SIZES.items())


def distinct_names(members: _Members) -> dict[str, Any]:
    """An object's members as a dict, for `object_pairs_hook` of json.loads, which keeps the last of equal names.

    Raises RepeatedName.
    """
    found = dict(members)
    if len(found) < len(members):
        seen: set[str] = set()
        twice = next(name for name, _ in members if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise RepeatedName(f"{twice[:40]!r} stands twice in an object")
    return found


def json_object(members: Mapping[str, str]) -> str:
    """The JSON object of these members, JSON texts by name; names need no escapes."""
    return "{" + ",".join([f'"{name}":{text}' for name, text in members.items()]) + "}"


def json_rows(numbers: str, count: int) -> list[str]:
    """Numbers in one line, equally wide and with commas between them, as `count` JSON lists of equally many."""
    step = (len(numbers) + 1) // count
    return [f"[{numbers[step * row : step * (row + 1) - 1]}]" for row in range(count)]


def json_array(numbers: str, shape: tuple[int, ...]) -> str:
    """Numbers in one line, as for `json_rows`, as the JSON list of a vector or the lists of a matrix's rows."""
    return f"[{numbers}]" if len(shape) == 1 else f"[{','.join(json_rows(numbers, shape[0]))}]"
