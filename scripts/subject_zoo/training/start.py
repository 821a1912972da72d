"""Weights to start training from."""

import math

import numpy as np

from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import Weights


def weight_bound(activation: str, inputs: int, outputs: int) -> float:
    """The bound b of hidden weights uniform in [-b, b], which keeps activations' variance through the layers.

    ReLU and its like: sqrt(6 / inputs) (He et al. 2015, eq. 10). tanh: sqrt(6 / (inputs + outputs)) and sigmoid:
    4 times that (Glorot & Bengio 2010, eq. 16, and section 4.2.1 for the factor).
    """
    if activation in ("tanh", "sigmoid"):
        return math.sqrt(6 / (inputs + outputs)) * (4 if activation == "sigmoid" else 1)
    return math.sqrt(6 / inputs)


def initial_weights(architecture: Architecture, generator: np.random.Generator) -> Weights:
    """Uniform weights by `weight_bound`; the output layer's, and all biases, within 1 / sqrt(inputs).

    With torch's default bounds, a factor sqrt(6) smaller, the same budget leaves deep and sigmoid networks untrained.
    """
    weights: Weights = {}
    for name, (inputs, outputs) in zip(architecture.linear_names, architecture.layer_sizes, strict=True):
        small = 1 / math.sqrt(inputs)
        bound = small if outputs == 1 else weight_bound(architecture.activation_type, inputs, outputs)
        for part, shape, limit in (("weight", (outputs, inputs), bound), ("bias", (outputs,), small)):
            weights[f"{name}.{part}"] = (generator.random(shape, dtype=np.float32) * 2 - 1) * np.float32(limit)
    return weights


def normal_weights(architecture: Architecture, generator: np.random.Generator) -> Weights:
    """Normal weights of the same variances as `initial_weights` has, and no biases."""
    weights: Weights = {}
    for name, (inputs, outputs) in zip(architecture.linear_names, architecture.layer_sizes, strict=True):
        bound = 1 / math.sqrt(inputs) if outputs == 1 else weight_bound(architecture.activation_type, inputs, outputs)
        drawn = generator.standard_normal((outputs, inputs), dtype=np.float32)
        weights[f"{name}.weight"] = drawn * np.float32(bound / math.sqrt(3))
        weights[f"{name}.bias"] = np.zeros(outputs, np.float32)
    return weights
