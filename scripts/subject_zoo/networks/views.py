"""Views of a network: other weights of the same function, by the symmetries of its hidden layers.

    view = draw_view(model.architecture, np.random.default_rng(0))
    view.of(model.weights)

Hidden neurons may stand in any order, whatever the activation a. Where a(cz) = c a(z), a neuron's incoming weights and
bias may be multiplied by c and its outgoing weights divided by it: c > 0 for relu and leaky_relu, c = -1 for the odd
tanh. (R. Hecht-Nielsen, On the algebraic structure of feedforward network weight spaces, 1990; B. Neyshabur et al.,
Path-SGD, 2015.) The function is the same up to the rounding of its sums, which an order of neurons has too.
"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import Weights

KINDS = ("permutation", "scaling", "sign_flip")

SYMMETRIES = {
    "relu": ("permutation", "scaling"),
    "gelu": ("permutation",),
    "tanh": ("permutation", "sign_flip"),
    "sigmoid": ("permutation",),
    "leaky_relu": ("permutation", "scaling"),
}
"""The kinds of views that networks of each activation have."""

EXACT = ("permutation", "sign_flip")
"""The kinds that only move numbers and turn their signs, so that a view is printed as exactly as its network. A scaled
weight has digits of its own, which text of few decimals would round, and the function with them."""

SCALE_DEVIATION = 0.3
"""Of the logarithm of a scaling's factors, which are log-normal around 1."""


@dataclass(frozen=True)
class View:
    """One view of networks with D hidden layers of W neurons.

    `orders` int [D, W] is the neuron that stands at each place; `factors` float64 [D, W] what the activation of the one
    at each place is multiplied by, not 0.
    """

    orders: np.ndarray
    factors: np.ndarray

    def of(self, weights: Weights) -> Weights:
        """The weights, float32 arrays by name in the order of layers, as this view shows them, float32 too.

        Factors of 1 and -1 keep every number's magnitude bit for bit; no zero is negative.
        """
        names = list(weights)
        inputs, outputs = (weights[name].shape[axis] for name, axis in ((names[0], 1), (names[-1], 0)))
        orders = [np.arange(inputs), *self.orders, np.arange(outputs)]
        factors = [np.ones(inputs), *self.factors, np.ones(outputs)]
        shown: Weights = {}
        for weight, bias, (before, order), (divisors, own) in zip(
            names[::2], names[1::2], pairwise(orders), pairwise(factors), strict=True
        ):
            matrix = weights[weight].astype(np.float64)[np.ix_(order, before)] * own[:, None] / divisors
            for name, values in ((weight, matrix), (bias, weights[bias][order] * own)):
                shown[name] = values.astype(np.float32) + np.float32(0.0)
        return shown


def draw_view(architecture: Architecture, rng: np.random.Generator, kinds: Collection[str] = KINDS) -> View:
    """A view of networks of this architecture, by those of `kinds` that its activation has.

    Each hidden layer's order is uniform over all, factors of scaling are log-normal, and half of all signs are turned.
    """
    shape = (architecture.num_layers, architecture.neurons_per_layer)
    own = {*SYMMETRIES[architecture.activation_type]} & {*kinds}
    places = np.tile(np.arange(shape[1]), (shape[0], 1))
    orders = rng.permuted(places, axis=1) if "permutation" in own else places
    factors = np.exp(SCALE_DEVIATION * rng.standard_normal(shape)) if "scaling" in own else np.ones(shape)
    if "sign_flip" in own:
        factors = factors * rng.choice([-1.0, 1.0], shape)
    return View(orders, factors)
