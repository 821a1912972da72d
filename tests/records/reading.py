"""What prompts and columns say, read as a person's own code would read it."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import torch

from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.text import parse_weights
from subject_zoo.networks.torch_module import SubjectModel


def json_objects(text: str, **options) -> list[Any]:
    """The JSON objects that stand in a text, in order."""
    decoder, objects, start = json.JSONDecoder(**options), [], text.find("{")
    while start >= 0:
        value, end = decoder.raw_decode(text, start)
        compact = re.sub(r"(?<=\d) +(?=[,\]}])", "", text[start:end])
        assert not re.search(r"\s", compact), "JSON in prompts has no spaces but those that make numbers equally wide"
        objects.append(value)
        start = text.find("{", end)
    return objects


def tensors_in(value: Any) -> dict[str, Any]:
    """Every tensor by name, wherever it stands in a tree of objects."""
    if isinstance(value, list):
        return {name: rows for item in value for name, rows in tensors_in(item).items()}
    if not isinstance(value, dict):
        return {}
    found = {name: rows for name, rows in value.items() if re.fullmatch(r"network\.\d+\.(weight|bias)", name)}
    return found | tensors_in([item for name, item in value.items() if name not in found])


def numbers_in(value: Any) -> Iterator[str]:
    """The text of every number of a tree that was read with `AS_WRITTEN`."""
    if isinstance(value, Written):
        yield str(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(item)


class Written(str):
    """A number as it is written."""


AS_WRITTEN = {"parse_float": Written, "parse_int": Written}


def decimals_of(number: str) -> int:
    return max(0, -Decimal(number).normalize().as_tuple().exponent)


def positives(architecture: Architecture, tensors: dict[str, Any], tokens: np.ndarray) -> np.ndarray:
    """What the network of these parsed tensors calls positive."""
    model = SubjectModel(architecture, parse_weights(json.dumps(tensors), architecture.precision))
    with torch.no_grad():
        return (model(torch.from_numpy(tokens)) > 0).numpy()


def rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in figures.items()}
