"""JSON put together from parts that are text already, and objects read with no name lost."""

from collections.abc import Mapping, Sequence
from typing import Any


class RepeatedName(ValueError):  # noqa: N818
    """A JSON object in which a name stands twice."""


def distinct_names(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members as a dict, for `object_pairs_hook` of json.loads, which keeps the last of equal names.

    Raises RepeatedName.
    """
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
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
