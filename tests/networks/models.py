"""Models of any architecture with any weights, and when two are equal."""

import numpy as np
import pytest
import torch

from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.rounding import round_to_precision

HERE = {"device": "cpu", "numpy": "2.4.6"}  # an environment
PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
DECIMALS = (None, *range(1, 10))


def make_model(architecture: Architecture, seed: int = 0) -> StoredModel:
    """Weights at the architecture's precision, of magnitudes from subnormal to large, zeros among them."""
    rng = np.random.default_rng(seed)
    weights = {}
    for name, (inputs, outputs) in zip(architecture.linear_names, architecture.layer_sizes, strict=True):
        for part, shape in (("weight", (outputs, inputs)), ("bias", (outputs,))):
            values = rng.normal(size=shape) * 10 ** rng.uniform(-8, 4, shape) * (rng.random(shape) < 0.9)
            weights[f"{name}.{part}"] = round_to_precision(values, architecture.precision)
    return StoredModel(architecture, weights, {"best_epoch": seed, "training_loss": [0.7, 0.1 + 0.2]})


def assert_equal_bits(actual: np.ndarray, expected: np.ndarray) -> None:
    assert actual.dtype == expected.dtype == np.float32
    np.testing.assert_array_equal(actual.view(np.uint32), expected.view(np.uint32))


def assert_equal_models(actual: StoredModel, expected: StoredModel) -> None:
    assert actual.architecture == expected.architecture
    assert actual.training == expected.training
    assert list(actual.weights) == list(expected.weights)
    for name, array in expected.weights.items():
        assert actual.weights[name].shape == array.shape
        assert_equal_bits(actual.weights[name], array)


def one_line(error: pytest.ExceptionInfo) -> str:
    message = str(error.value)
    assert len(message.splitlines()) == 1
    return message


def all_of_16_bits(precision: str) -> np.ndarray:
    """Every finite value of a 16-bit format, as float32."""
    bits = np.arange(1 << 16, dtype=np.uint32)
    values = (bits << 16).view(np.float32)
    if precision == "float16":
        values = bits.astype(np.uint16).view(np.float16).astype(np.float32)
    return values[np.isfinite(values)]
