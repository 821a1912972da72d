"""Networks of all depths and widths, drawn, and the same with their neurons in another order."""

import numpy as np

from subject_zoo.base.terms import ACTIVATIONS
from subject_zoo.judge.material import Networks
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import StoredModel

VOCABULARY, LENGTH, DEPTH, WIDTH = 3, 4, 3, 6


def drawn_model(rng: np.random.Generator, layers: int, neurons: int, activation: str) -> StoredModel:
    """A network of normal weights."""
    architecture = Architecture(VOCABULARY, LENGTH, layers, neurons, activation)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in architecture.tensor_shapes}
    return StoredModel(architecture, weights, {})


def some_models(rng: np.random.Generator) -> list[StoredModel]:
    """Fifteen, of all activations."""
    return [drawn_model(rng, 1 + n % DEPTH, 3 + n % 4, ACTIVATIONS[n % len(ACTIVATIONS)]) for n in range(15)]


def reordered(networks: Networks, rng: np.random.Generator) -> Networks:
    """The same networks with each layer's places in another order."""
    arrays = {name: array.copy() for name, array in vars(networks).items()}
    for row in range(len(networks)):
        orders = [rng.permutation(WIDTH) for _ in range(DEPTH)]
        arrays["first"][row] = networks.first[row][orders[0]]
        for layer, order in enumerate(orders):
            for name in ("last", "biases", "is_real", "hidden_signature"):
                arrays[name][row, layer] = getattr(networks, name)[row, layer][order]
            if layer:
                arrays["between"][row, layer] = networks.between[row, layer][order][:, orders[layer - 1]]
    return Networks(**arrays)
