"""Networks drawn for tests, and what they compute by their definition, in numpy float64."""

import numpy as np
from scipy.special import erf

from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import Weights
from subject_zoo.networks.rounding import publishable

REFERENCE = {
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: x * (1 + erf(x / np.sqrt(2))) / 2,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
}


def make_architecture(activation: str = "relu", **changes) -> Architecture:
    sizes = {"vocab_size": 6, "sequence_length": 5, "num_layers": 3, "neurons_per_layer": 9}
    return Architecture(**sizes | {"activation_type": activation} | changes)


def make_weights(architecture: Architecture, seed: int = 0) -> Weights:
    rng = np.random.default_rng(seed)
    weights = {}
    for name, (inputs, outputs) in zip(architecture.linear_names, architecture.layer_sizes, strict=True):
        for part, shape in (("weight", (outputs, inputs)), ("bias", (outputs,))):
            weights[f"{name}.{part}"] = rng.normal(0, 3 * inputs**-0.5, shape).astype(np.float32)
    return publishable(weights, "none", architecture.precision, 4)


def make_tokens(architecture: Architecture, rows: int = 300, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, architecture.vocab_size, (rows, architecture.sequence_length), dtype=np.uint8)


def logits_in_float64(architecture: Architecture, weights: Weights, tokens: np.ndarray) -> np.ndarray:
    """The network by its definition, in numpy float64."""
    values = tokens.astype(np.float64)
    if architecture.input_encoding == "one_hot":
        values = np.eye(architecture.vocab_size)[tokens].reshape(len(tokens), -1)
    *hidden, output = architecture.linear_names
    for name in hidden:
        pre = values @ weights[f"{name}.weight"].T.astype(np.float64) + weights[f"{name}.bias"]
        values = REFERENCE[architecture.activation_type](pre)
    return (values @ weights[f"{output}.weight"].T.astype(np.float64) + weights[f"{output}.bias"])[:, 0]
