"""A reader of networks as graphs: what their parts know after messages, pooled over neurons, whatever these's order."""

import torch
from torch import nn

from subject_zoo.base.terms import ACTIVATIONS
from subject_zoo.judge.nets.encoder import NetworkEncoder, Sight, States
from subject_zoo.judge.nets.run import Nets
from subject_zoo.networks.views import SCALE_DEVIATION, SYMMETRIES

_HEADS = 4
_OF_INPUTS = 6  # numbers kept of each input's state
_SCALED, _SIGNED = (
    [place for place, name in enumerate(ACTIVATIONS) if kind in SYMMETRIES[name]] for kind in ("scaling", "sign_flip")
)

SIGHTS = {
    "output_signature": Sight(weights=False, output_signature=True),
    "hidden_signature": Sight(weights=False, hidden_signature=True),
    "weights": Sight(weights=True),
    "shuffled_labels": Sight(weights=True),
    "weights_and_signature": Sight(weights=True, hidden_signature=True, output_signature=True),
}


class GraphReader(nn.Module):
    """Logits [b, P] of `patterns`, or of whatever is to be told, from a batch of networks, and from what else is shown
    of their parts."""

    def __init__(self, example: Nets, sight: Sight, patterns: int, size: int = 48):
        super().__init__()
        self.encoder = NetworkEncoder(example, sight, size=size)
        depth, inputs = example["biases"].shape[1], example["first"].shape[2]
        self.attention = nn.Linear(size, _HEADS)
        self.compress = nn.Linear(size, _OF_INPUTS) if sight.weights else None
        pooled = depth * (_HEADS + 1) * size + size + (_OF_INPUTS * inputs if sight.weights else 0)
        self.answer = nn.Sequential(nn.Linear(pooled, 128), nn.GELU(), nn.Dropout(0.1), nn.Linear(128, patterns))

    def forward(self, net: Nets, shown: States | None = None) -> torch.Tensor:
        states, real = self.encoder(net, shown), net["is_real"][..., None]
        hidden, width = states.hidden, real.shape[2]
        weights = (self.attention(hidden) + (real - 1) * 1e4).softmax(2) * (real.sum(2, keepdim=True) > 0)
        pooled = torch.einsum("blwk,blwd->blkd", weights, hidden).flatten(1)
        parts = [pooled, (hidden.sum(2) / width).flatten(1), states.output]
        if self.compress is not None:
            parts.append(self.compress(states.inputs).flatten(1))
        return self.answer(torch.cat(parts, 1))


def turned_about(net: Nets, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """A batch as views of it that keep the order of neurons, drawn as in networks/views.py.

    Only for readers without signatures, which this would not leave as they are.
    """
    shape = net["biases"].shape
    scaled, signed = (net["form"][:, places].sum(1)[:, None, None] for places in (_SCALED, _SIGNED))
    factor = torch.exp(SCALE_DEVIATION * torch.randn(shape, generator=generator) * scaled)
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
