"""A repair as a patch: the numbers that change, and no others.

    {"network.0.weight":{"3":[12,-0.41,30,0.52]},"network.2.bias":[5,0.10]}

Of a matrix the rows that change, by number, each as a list of column, new value, column, new value and so on; of a
vector such a list alone. Places count from 0, and {} changes nothing. Columns and values in turn are a fifth shorter
than objects or pairs, and no form that was tried takes fewer tokens.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import RepeatedName, distinct_names, json_object, parse_json
from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import COMPLETION_FAULTS
from subject_zoo.networks.model import Weights
from subject_zoo.networks.rounding import round_to_precision
from subject_zoo.networks.text import number_texts

_ROW = re.compile(r"[0-9]{1,9}")


class WrongPatch(UserError):  # noqa: N818
    """A patch that cannot be applied: `kind` is one of COMPLETION_FAULTS."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(f"patch: {what}")
        assert kind in COMPLETION_FAULTS
        self.kind, self.what = kind, what


def patch_text(before: Weights, after: Weights, decimals: int | None) -> str:
    """The patch from one network's weights to another's, float32 arrays of the same names and shapes.

    It lists every number that differs in a bit. `decimals` as for `tensor_texts`, whose texts the values are: with it
    the weights after must be rounded so, as published ones are, and with None they are any finite ones.
    """
    tensors = {}
    for name, array in after.items():
        places = np.argwhere(array.view(np.uint32) != before[name].view(np.uint32))
        if len(places):
            tensors[name] = _part_text(places.tolist(), number_texts(array[tuple(places.T)], decimals))
    return json_object(tensors)


def _part_text(places: Sequence[Sequence[int]], numbers: Sequence[str]) -> str:
    """One tensor's part of a patch; places are in order."""
    changes = list(zip(places, numbers, strict=True))
    if len(places[0]) == 1:
        return _list_text(changes)
    by_row = groupby(changes, key=lambda change: change[0][0])
    return json_object({str(row): _list_text(of_row) for row, of_row in by_row})


def _list_text(changes: Iterable[tuple[Sequence[int], str]]) -> str:
    """What changes in one row or vector: place, value, place, value."""
    return f"[{','.join([f'{place[-1]},{number}' for place, number in changes])}]"


def parse_patch(text: str, weights: Weights, precision: str) -> Weights:
    """The inverse of `patch_text`: the weights after, from those before. Raises WrongPatch."""
    try:
        patch = parse_json(text, distinct_names)
    except RepeatedName as error:
        raise WrongPatch("ambiguous", str(error)) from None
    except ValueError as error:
        raise WrongPatch("no_json", f"not JSON ({one_line(error)})") from None
    if not isinstance(patch, dict):
        raise WrongPatch("no_json", "not a JSON object")
    return patched(patch, weights, precision)


def patched(patch: Mapping[str, object], weights: Weights, precision: str, largest: float = np.inf) -> Weights:
    """The weights with a patch's numbers in their places, rounded to the precision; all others keep their bits.

    Raises WrongPatch for a tensor, row or column that there is not, a place that is given twice, a value that is no
    finite number or above `largest`, and lists of another shape.
    """
    result = dict(weights)
    for name, part in patch.items():
        if name not in weights:
            raise WrongPatch("unknown_tensor", f"there is no tensor {name[:40]!r}")
        result[name] = weights[name].copy()
        for row, where, listed in _rows(name, part, result[name]):
            columns, values = _changes(where, listed, len(row), largest)
            with np.errstate(over="ignore"):
                row[columns] = round_to_precision(np.array(values, np.float64), precision)
            if not np.isfinite(row[columns]).all():
                raise WrongPatch("not_finite", f"{where} has a number that is infinite at {precision}")
    return result


def _rows(name: str, part: object, array: np.ndarray) -> Iterator[tuple[np.ndarray, str, object]]:
    """(row of the array, its name, what a patch lists for it) of each row that a tensor's part names."""
    if array.ndim == 1:
        yield array, name, part
        return
    if not isinstance(part, dict):
        raise WrongPatch("wrong_shape", f"{name} is not an object of rows")
    seen = set()
    for key, listed in part.items():
        if not _ROW.fullmatch(key) or int(key) >= len(array):
            raise WrongPatch("unknown_place", f"{name} has no row {key[:40]!r}")
        if int(key) in seen:
            raise WrongPatch("ambiguous", f"{name} has row {int(key)} twice")
        seen.add(int(key))
        yield array[int(key)], f"{name}, row {int(key)},", listed


def _changes(where: str, listed: object, size: int, largest: float) -> tuple[list[int], list[float]]:
    """(columns, values) of a row of so many numbers, from column, value, column, value and so on."""
    if not isinstance(listed, list) or len(listed) % 2:
        raise WrongPatch("wrong_shape", f"{where} is not a list of place, value, place, value")
    columns, values = listed[::2], listed[1::2]
    for column in columns:
        if type(column) is not int or not 0 <= column < size:
            raise WrongPatch("unknown_place", f"{where} has no place {str(column)[:40]}")
    if len(set(columns)) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        raise WrongPatch("ambiguous", f"{where} has place {twice} twice")
    for value in values:
        if type(value) not in (int, float):
            raise WrongPatch("no_json", f"{where} has a value that is no number")
        if not abs(value) <= sys.float_info.max:
            raise WrongPatch("not_finite", f"{where} has a number that is NaN or infinite")
        if abs(value) > largest:
            raise WrongPatch("too_large", f"{where} has {float(value):g}")
    return columns, values
