"""Weights as the text of a record: JSON, tensor by tensor."""

from typing import Any

import numpy as np
import orjson

from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import json_array, parse_json
from subject_zoo.base.lines import one_line
from subject_zoo.base.numbers import joined, number_cells
from subject_zoo.networks.model import Weights
from subject_zoo.networks.rounding import round_to_precision

_NO_WEIGHTS = "weights: not a JSON object of arrays of numbers"


def tensor_texts(weights: Weights, decimals: int | None) -> dict[str, str]:
    """Each tensor of one model as JSON, nested lists row by row.

    With `decimals`, all numbers are equally wide (base/numbers.py), which is exact for weights that are
    rounded so, and texts of one architecture are equally long. With None, each number is the shortest text that
    gives the same float32, and texts are as long as their numbers need.
    """
    if decimals is None:
        option = orjson.OPT_SERIALIZE_NUMPY
        return {name: orjson.dumps(array, option=option).decode() for name, array in weights.items()}
    cells = number_cells(np.concatenate([array.ravel() for array in weights.values()], dtype=np.float64), decimals)
    line, step, start, texts = joined(cells), cells.shape[-1], 0, {}
    for name, array in weights.items():
        stop = start + step * array.size
        texts[name] = json_array(line[start : stop - 1], array.shape)
        start = stop
    return texts


def number_texts(values: np.ndarray, decimals: int | None) -> list[str]:
    """Numbers float32 [n], n > 0, each as in `tensor_texts`, without the spaces behind it."""
    if decimals is None:
        return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY).decode()[1:-1].split(",")
    return joined(number_cells(values.astype(np.float64), decimals)).replace(" ", "").split(",")


def parse_weights(text: str | bytes, precision: str) -> Weights:
    """The inverse of `tensor_texts`, whose texts are one JSON object: float32 arrays at the given precision.

    Raises UserError where the text is not a JSON object of arrays of numbers.
    """
    try:
        values = parse_json(text)
    except ValueError as error:
        raise UserError(f"{_NO_WEIGHTS} ({one_line(error)})") from None
    return weights_of(values, precision)


def weights_of(values: Any, precision: str) -> Weights:
    """What `parse_weights` makes of a text whose value is known. Raises UserError as it does."""
    try:
        arrays = {name: np.array(rows) for name, rows in values.items()}
    except (ValueError, AttributeError) as error:
        raise UserError(f"{_NO_WEIGHTS} ({one_line(error)})") from None
    for name, array in arrays.items():
        if array.ndim == 0 or array.dtype.kind not in "iuf":  # numpy would read null as NaN and true as 1
            raise UserError(f"weights: {one_line(name)} is not an array of numbers")
    return {name: round_to_precision(array, precision) for name, array in arrays.items()}
