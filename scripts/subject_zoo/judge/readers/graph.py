"""A reader of networks as graphs: what their parts know after messages, pooled over neurons, whatever these's order."""

import torch
from torch import nn

from subject_zoo.base.terms import ACTIVATIONS
from subject_zoo.judge.nets.encoder import NetworkEncoder, Sight
from subject_zoo.judge.nets.run import Nets

_HEADS = 4
_OF_INPUTS = 6  # numbers kept of each input's state
_RELU, _TANH, _LEAKY = (ACTIVATIONS.index(name) for name in ("relu", "tanh", "leaky_relu"))  # with exact symmetries

SIGHTS = {
    "output_signature": Sight(weights=False, output_signature=True),
    "hidden_signature": Sight(weights=False, hidden_signature=True),
    "weights": Sight(weights=True),
    "shuffled_labels": Sight(weights=True),
    "weights_and_signature": Sight(weights=True, hidden_signature=True, output_signature=True),
}


class GraphReader(nn.Module):
    """Logits [b, P] of patterns from a batch of networks."""

    def __init__(self, example: Nets, sight: Sight, patterns: int, size: int = 48):
        super().__init__()
        self.encoder = NetworkEncoder(example, sight, size=size)
        depth, inputs = example["biases"].shape[1], example["first"].shape[2]
        self.attention = nn.Linear(size, _HEADS)
        self.compress = nn.Linear(size, _OF_INPUTS) if sight.weights else None
        pooled = depth * (_HEADS + 1) * size + size + (_OF_INPUTS * inputs if sight.weights else 0)
        self.answer = nn.Sequential(nn.Linear(pooled, 128), nn.GELU(), nn.Dropout(0.1), nn.Linear(128, patterns))

    def forward(self, net: Nets) -> torch.Tensor:
        states, real = self.encoder(net), net["is_real"][..., None]
        hidden, width = states.hidden, real.shape[2]
        weights = (self.attention(hidden) + (real - 1) * 1e4).softmax(2) * (real.sum(2, keepdim=True) > 0)
        pooled = torch.einsum("blwk,blwd->blkd", weights, hidden).flatten(1)
        parts = [pooled, (hidden.sum(2) / width).flatten(1), states.output]
        if self.compress is not None:
            parts.append(self.compress(states.inputs).flatten(1))
        return self.answer(torch.cat(parts, 1))


def turned_about(net: Nets, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """The same functions by other weights: neurons of ReLU and its like scaled, those of tanh with the sign turned.

    Only for readers without signatures, which this would not leave as they are.
    """
    shape = net["biases"].shape
    scaled = (net["form"][:, _RELU] + net["form"][:, _LEAKY])[:, None, None]
    signed = net["form"][:, _TANH][:, None, None]
    factor = torch.exp(0.3 * torch.randn(shape, generator=generator) * scaled)
    factor = factor * (1 - 2 * signed * (torch.rand(shape, generator=generator) < 0.5))
    between = net["between"].clone()
    between[:, 1:] = between[:, 1:] * factor[:, 1:, :, None] / factor[:, :-1, None, :]
    return {
        **net,
        "first": net["first"] * factor[:, 0, :, None],
        "biases": net["biases"] * factor,
        "between": between,
        "last": net["last"] / factor,
    }
