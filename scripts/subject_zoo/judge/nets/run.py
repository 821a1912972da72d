"""Padded networks, run so that gradients flow into their weights and into what they are given."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from subject_zoo.base.terms import ACTIVATIONS, LEAKY_SLOPE
from subject_zoo.judge.material import Networks

Nets = Mapping[str, torch.Tensor]
"""The arrays of `material.Networks`, or some of them, as tensors by name; flags are 1 and 0."""

_FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": functional.relu,
    "gelu": functional.gelu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "leaky_relu": lambda x: functional.leaky_relu(x, LEAKY_SLOPE),
}

_SLOPES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {  # of what comes before and after
    "relu": lambda before, after: (before > 0).float(),
    "gelu": lambda before, after: (
        (1 + torch.erf(before / math.sqrt(2))) / 2 + before * torch.exp(-(before**2) / 2) / math.sqrt(2 * math.pi)
    ),
    "tanh": lambda before, after: 1 - after**2,
    "sigmoid": lambda before, after: after * (1 - after),
    "leaky_relu": lambda before, after: torch.where(before > 0, 1.0, LEAKY_SLOPE),
}


@dataclass(frozen=True)
class Responses:
    """What b networks do with inputs; all is 0 of neurons that a network does not have.

    values       [b, s, I], or of one where all are given the same
    logits       [b, s]
    activations  [b, D, W, s]
    slopes       [b, D, W, s], by how much a logit rises with a neuron's bias
    """

    values: torch.Tensor
    logits: torch.Tensor
    activations: torch.Tensor
    slopes: torch.Tensor


def tensors_of(networks: Networks) -> dict[str, torch.Tensor]:
    """The arrays as tensors, by name."""
    return {
        name: torch.from_numpy(array.astype(np.float32) if array.dtype == bool else array)
        for name, array in vars(networks).items()
    }


def run(net: Nets, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(logits [b, s], activations [b, D, W, s]) of each of b networks on inputs [1 or b, s, I]; those of neurons that a
    network does not have are 0."""
    logits, _, after = _forward(net, values)
    return logits, torch.stack(after, 1)


def responses(net: Nets, values: torch.Tensor) -> Responses:
    """What networks do with inputs [1 or b, s, I]."""
    logits, before, after = _forward(net, values)
    slopes: list[torch.Tensor] = []
    for layer in reversed(range(len(after))):  # by the chain rule, from the output down
        of_after = net["last"][:, layer, :, None]
        if slopes:
            of_after = of_after + net["between"][:, layer + 1].transpose(1, 2) @ slopes[-1]
        steepness = _of_each(_SLOPES, net["form"], before[layer], after[layer])
        slopes.append(of_after * steepness * net["is_real"][:, layer, :, None])
    return Responses(values, logits, torch.stack(after, 1), torch.stack(slopes[::-1], 1))


def _forward(net: Nets, values: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor], list[torch.Tensor]]:
    """Logits [b, s], and by layer what comes before and after its nonlinearity [b, W, s]."""
    batch, depth, _ = net["biases"].shape
    below = values.transpose(1, 2).expand(batch, -1, -1)
    logits = net["output_bias"][:, None]
    matrix, befores, afters = net["first"], [], []
    for layer in range(depth):
        before = torch.baddbmm(net["biases"][:, layer, :, None], matrix, below)
        below = _of_each(_FUNCTIONS, net["form"], before) * net["is_real"][:, layer, :, None]
        befores.append(before)
        afters.append(below)
        logits = logits + torch.einsum("bw,bws->bs", net["last"][:, layer], below)
        if layer + 1 < depth:
            matrix = net["between"][:, layer + 1]
    return logits, befores, afters


def _of_each(
    functions: Mapping[str, Callable[..., torch.Tensor]], form: torch.Tensor, *values: torch.Tensor
) -> torch.Tensor:
    """Each network's own function of values, by its form."""
    found = torch.zeros_like(values[0])
    for place, name in enumerate(ACTIVATIONS):
        rows = form[:, place].nonzero()[:, 0]
        if len(rows):
            found = found.index_copy(0, rows, functions[name](*(value[rows] for value in values)).to(found.dtype))
    return found
