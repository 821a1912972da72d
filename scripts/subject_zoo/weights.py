"""Files and text of weights: one safetensors file for a range of models, JSON for one model in a record.

In memory weights are float32 numpy arrays whatever the precision; a file stores them at the precision that
they were rounded to, so nothing is lost either way.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import safetensors
from safetensors import TensorSpec

from subject_zoo.architecture import Architecture
from subject_zoo.errors import UserError
from subject_zoo.example_ranges import format_id
from subject_zoo.files import atomic_write
from subject_zoo.json_text import json_array
from subject_zoo.number_text import joined, number_cells

Weights = dict[str, np.ndarray]


def _to_storage(array: np.ndarray, precision: str) -> np.ndarray:
    if precision == "bfloat16":  # numpy has no such type: it is the upper half of a float32
        return (np.ascontiguousarray(array, dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return np.ascontiguousarray(array, dtype=precision)


def _from_storage(entry: Mapping[str, Any], expected_shape: list[int]) -> np.ndarray:
    data, dtype, shape = entry["data"], entry["dtype"], entry["shape"]
    if shape != expected_shape:
        raise ValueError(f"a tensor is {shape} where its architecture asks for {expected_shape}")
    if dtype == "BF16":
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(shape)
    return np.frombuffer(data, {"F32": np.float32, "F16": np.float16}[dtype]).astype(np.float32).reshape(shape)


@dataclass(frozen=True)
class StoredModel:
    """One model of a range's file: its network, its tensors, and how its training went (JSON-ready)."""

    architecture: Architecture
    weights: Weights
    training: dict[str, Any]


def save_models(path: str | os.PathLike, models: Mapping[str, StoredModel]) -> None:
    """Write named models to one safetensors file, atomically; a name is "000123" or "000123/degraded".

    Tensors are named `000123/network.0.weight`. The metadata key `models` holds a JSON object from model name
    to `architecture` and `training`: a single key, because safetensors does not keep the order of several.
    """
    stored = {  # holds the buffers that the specifications point into
        f"{name}/{tensor}": (model.architecture.precision, _to_storage(array, model.architecture.precision))
        for name, model in models.items()
        for tensor, array in model.weights.items()
    }
    specifications = {
        name: TensorSpec(dtype=precision, shape=array.shape, data_ptr=array.ctypes.data, data_len=array.nbytes)
        for name, (precision, array) in stored.items()
    }
    described = {
        name: {"architecture": model.architecture.to_dict(), "training": model.training}
        for name, model in models.items()
    }
    atomic_write(path, safetensors.serialize(specifications, {"models": json.dumps(described)}))


def load_models(path: str | os.PathLike) -> dict[str, StoredModel]:
    """The models of a file written by `save_models`, float32 arrays, by name in the order they were given.

    Raises UserError for a file that is not one.
    """
    with open(path, "rb") as file:
        data = file.read()
    models = {}
    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        tensors = dict(safetensors.deserialize(data))
        for name, values in json.loads(header["__metadata__"]["models"]).items():
            architecture = Architecture(**values["architecture"])
            weights = {}
            for linear, (inputs, outputs) in zip(architecture.linear_names, architecture.layer_sizes, strict=True):
                for part, shape in ((f"{linear}.weight", [outputs, inputs]), (f"{linear}.bias", [outputs])):
                    weights[part] = _from_storage(tensors[f"{name}/{part}"], shape)
            models[name] = StoredModel(architecture, weights, values["training"])
    except (ValueError, KeyError, TypeError, AttributeError, safetensors.SafetensorError) as error:
        raise UserError(f"{path}: not a safetensors file of subject models ({error})") from None
    return models


def save_range(path: str | os.PathLike, models: Mapping[int, StoredModel]) -> None:
    """Write the models of a range of examples, by example id, as `save_models` does."""
    save_models(path, {format_id(example_id): model for example_id, model in models.items()})


def load_range(path: str | os.PathLike) -> dict[int, StoredModel]:
    """The inverse of `save_range`."""
    return {int(name): model for name, model in load_models(path).items()}


def tensor_texts(weights: Weights, decimals: int | None) -> dict[str, str]:
    """Each tensor of one model as JSON, nested lists row by row.

    With `decimals`, all numbers are equally wide (`subject_zoo.number_text`), which is exact for weights that are
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


def parse_weights(text: str | bytes, precision: str) -> Weights:
    """The inverse of `tensor_texts`, whose texts are one JSON object: float32 arrays at the given precision.

    Raises UserError where the text is not a JSON object of arrays of numbers.
    """
    try:
        arrays = {name: np.array(rows) for name, rows in json.loads(text).items()}
    except (ValueError, AttributeError) as error:
        raise UserError(f"weights: not a JSON object of arrays of numbers ({error})") from None
    for name, array in arrays.items():
        if array.ndim == 0 or array.dtype.kind not in "iuf":  # numpy would read null as NaN and true as 1
            raise UserError(f"weights: {name} is not an array of numbers")
    return {name: round_to_precision(array, precision) for name, array in arrays.items()}


def round_to_precision(array: np.ndarray, precision: str) -> np.ndarray:
    """Values rounded to float32, float16 or bfloat16 (to nearest, ties to even), as a float32 array."""
    single = np.asarray(array).astype(np.float32)
    if precision == "bfloat16":
        bits = single.view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)
    return single.astype(precision).astype(np.float32)
