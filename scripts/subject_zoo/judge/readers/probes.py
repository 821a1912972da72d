"""A reader that learns inputs to run the networks on: soft sequences, and a reading of the logits that they give."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from subject_zoo.base.terms import ACTIVATIONS, LEAKY_SLOPE

_FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": functional.relu,
    "gelu": functional.gelu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "leaky_relu": lambda x: functional.leaky_relu(x, LEAKY_SLOPE),
}


class ProbeReader(nn.Module):
    """Logits [b, P] of patterns from a batch of networks that take one-hot sequences of `vocabulary` letters."""

    def __init__(self, inputs: int, vocabulary: int, patterns: int, probes: int = 128):
        super().__init__()
        self.probes = nn.Parameter(torch.randn(probes, inputs // vocabulary, vocabulary))
        self.answer = nn.Sequential(nn.Linear(probes, 128), nn.GELU(), nn.Dropout(0.1), nn.Linear(128, patterns))

    def forward(self, net: dict[str, torch.Tensor]) -> torch.Tensor:
        values = (2 * self.probes).softmax(-1).flatten(1)[None]
        return self.answer(torch.tanh(run(net, values) / 4))


def run(net: dict[str, torch.Tensor], values: torch.Tensor) -> torch.Tensor:
    """Logits [b, s] of each of b networks on inputs [1 or b, s, I]."""
    depth = net["biases"].shape[1]
    logits = net["output_bias"][:, None]
    matrix = net["first"]
    for layer in range(depth):
        pre = values @ matrix.transpose(1, 2) + net["biases"][:, layer, None]
        each = [net["form"][:, place, None, None] * _FUNCTIONS[name](pre) for place, name in enumerate(ACTIVATIONS)]
        values = torch.stack(each).sum(0)
        logits = logits + (values @ net["last"][:, layer, :, None])[..., 0]
        if layer + 1 < depth:
            matrix = net["between"][:, layer + 1]
    return logits
