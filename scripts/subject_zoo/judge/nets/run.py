"""Padded networks, run so that gradients flow into their weights and into what they are given."""

from collections.abc import Callable, Mapping

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


def tensors_of(networks: Networks) -> dict[str, torch.Tensor]:
    """The arrays as tensors, by name."""
    return {
        name: torch.from_numpy(array.astype(np.float32) if array.dtype == bool else array)
        for name, array in vars(networks).items()
    }


def run(net: Nets, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(logits [b, s], activations [b, D, W, s]) of each of b networks on inputs [1 or b, s, I]; those of neurons that a
    network does not have are 0."""
    batch, depth, _ = net["biases"].shape
    below = values.transpose(1, 2).expand(batch, -1, -1)
    logits = net["output_bias"][:, None]
    matrix, layers = net["first"], []
    for layer in range(depth):
        before = torch.baddbmm(net["biases"][:, layer, :, None], matrix, below)
        below = _activated(before, net["form"]) * net["is_real"][:, layer, :, None]
        layers.append(below)
        logits = logits + torch.einsum("bw,bws->bs", net["last"][:, layer], below)
        if layer + 1 < depth:
            matrix = net["between"][:, layer + 1]
    return logits, torch.stack(layers, 1)


def _activated(before: torch.Tensor, form: torch.Tensor) -> torch.Tensor:
    """Each network's own nonlinearity, by its form."""
    after = torch.zeros_like(before)
    for place, name in enumerate(ACTIVATIONS):
        rows = form[:, place].nonzero()[:, 0]
        if len(rows):
            after = after.index_copy(0, rows, _FUNCTIONS[name](before[rows]))
    return after
