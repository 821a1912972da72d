"""Files of models: one safetensors file for a range of them, or for a shard.

A file stores weights at the precision that they were rounded to, so nothing is lost either way. How training went
stands among its data, not in its header: readers refuse a header above 100 MB, and learning curves have no bound.
"""

import json
import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import safetensors
from safetensors import TensorSpec

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import atomic_write
from subject_zoo.base.ids import format_id
from subject_zoo.base.json_text import MEMORY, parse_json
from subject_zoo.base.lines import one_line
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import StoredModel

TRAINING = "training"  # the tensor of learning curves; a model's name has a number in it


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


def save_models(path: str | os.PathLike[str], models: Mapping[str, StoredModel], **told: Any) -> None:
    """Write named models to one safetensors file, atomically; a name is "000123" or "000123/degraded".

    Tensors are named `000123/network.0.weight`; one more, `training`, holds JSON as bytes (uint8): an object from
    model name to `training`, how that went, and what else is told of all models. The metadata key `models` holds a JSON
    object from model name to `architecture`: a single key, because safetensors does not keep the order of several.
    """
    stored = {  # holds the buffers that the specifications point into
        f"{name}/{tensor}": (model.architecture.precision, _to_storage(array, model.architecture.precision))
        for name, model in models.items()
        for tensor, array in model.weights.items()
    }
    trainings = json.dumps({name: {"training": model.training, **told} for name, model in models.items()}).encode()
    stored[TRAINING] = ("uint8", np.frombuffer(trainings, np.uint8))
    specifications = {
        name: TensorSpec(dtype=precision, shape=array.shape, data_ptr=array.ctypes.data, data_len=array.nbytes)
        for name, (precision, array) in stored.items()
    }
    descriptions = {name: {"architecture": model.architecture.to_dict()} for name, model in models.items()}
    atomic_write(path, safetensors.serialize(specifications, {"models": json.dumps(descriptions)}))


def load_models(path: str | os.PathLike[str], kept: Collection[str] | None = None) -> dict[str, StoredModel]:
    """The models of a file written by `save_models`, float32 arrays, by name in the order they were given; of these
    names alone, where any are `kept`.

    Raises UserError for a file that is not one.
    """
    with open(path, "rb") as file:
        data = file.read()
    try:
        return read_models(data, kept, memory=None)
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def read_models(
    data: bytes, kept: Collection[str] | None = None, memory: int | None = MEMORY
) -> dict[str, StoredModel]:
    """The models of a file's bytes, which may be anybody's, as `load_models` gives them.

    Raises ValueError for bytes that are no such file, and for a header that would take more than `memory` bytes.
    """
    models = {}
    try:
        length = int.from_bytes(data[:8], "little")
        header = parse_json(data[8 : 8 + length], memory=memory)
        tensors = dict(safetensors.deserialize(data))  # type: ignore[no-untyped-call]
        del data  # copied: a range of large networks is gigabytes
        if TRAINING not in tensors:
            raise ValueError(f"no tensor {TRAINING!r}: another version made it")
        trainings = parse_json(bytes(tensors[TRAINING]["data"]), memory=memory)
        for name, values in parse_json(header["__metadata__"]["models"], memory=memory).items():
            if kept is not None and name not in kept:
                continue
            architecture = _checked(Architecture(**values["architecture"]), len(tensors))
            shapes = architecture.tensor_shapes
            weights = {tensor: _from_storage(tensors.pop(f"{name}/{tensor}"), list(shape)) for tensor, shape in shapes}
            told = trainings[name]
            models[name] = StoredModel(architecture, weights, told["training"], told.get("environment", {}))
    except (ValueError, KeyError, TypeError, AttributeError, safetensors.SafetensorError) as error:
        raise ValueError(f"not a safetensors file of subject models ({one_line(error)})") from None
    return models


def _checked(architecture: Architecture, tensors: int) -> Architecture:
    """The architecture. Raises ValueError where its list of tensors would be longer than the file's."""
    sizes = [architecture.vocab_size, architecture.sequence_length, architecture.num_layers]
    sizes.append(architecture.neurons_per_layer)
    if any(type(size) is not int or size < 1 for size in sizes):
        raise ValueError(f"an architecture has sizes that are none: {one_line(sizes)}")
    if architecture.num_layers >= tensors:
        raise ValueError(f"an architecture has {architecture.num_layers:,} layers, and the file {tensors:,} tensors")
    return architecture


def save_range(path: str | os.PathLike[str], models: Mapping[int, StoredModel], environment: Mapping[str, str]) -> None:
    """Write the models of a range of examples, by example id, with the environment that they were trained in."""
    named = {format_id(example_id): model for example_id, model in models.items()}
    save_models(path, named, environment=environment)


def load_range(*paths: str | os.PathLike[str], kept: Iterable[int] | None = None) -> dict[int, StoredModel]:
    """The models of one or more ranges' files, by example id; of the `kept` examples alone, where they are given."""
    names = None if kept is None else {format_id(example_id) for example_id in kept}
    return {int(name): model for path in paths for name, model in load_models(path, names).items()}
