"""A repair that is learned: from a network's weights and the pattern to be mended, to a change of its weights."""

import torch
from torch import nn
from torch.nn import functional

from subject_zoo.judge.nets.encoder import NetworkEncoder, Sight
from subject_zoo.judge.nets.probes import Probes
from subject_zoo.judge.nets.replies import Replies
from subject_zoo.judge.nets.run import Nets, responses

CHANGED = ("first", "between", "last", "biases", "output_bias")
"""The arrays of a network that hold its weights."""

PROBES = 64
"""Of each pattern."""

_SIZE, _MESSAGE, _RANK = 48, 24, 24  # numbers of a state, of a message, and of a side of a bilinear form
_FIRST_SIZE = 0.02  # of a change, before anything is learned
_LEAST = 1e-12  # added to a square, whose root has no gradient at 0


class RepairNet(nn.Module):
    """The change of each of CHANGED for a batch of networks, given the pattern to be mended in each, int64 [b], of P.

    A weight's change is told by the states of the two nodes that it connects: a bilinear form of these, behind a gate
    that is another, and a third one in units of the weight itself.
    """

    def __init__(self, example: Nets, vocabulary: int, patterns: int):
        super().__init__()
        self.probes = Probes(PROBES, example["first"].shape[2], vocabulary, patterns)
        self.replies = Replies(patterns, PROBES, _SIZE)
        self.encoder = NetworkEncoder(example, Sight(weights=True), _SIZE, _MESSAGE)
        self.above, self.below, self.input, self.output = (nn.Linear(_SIZE, 3 * _RANK) for _ in range(4))
        self.bias, self.output_bias = nn.Linear(_SIZE, 1), nn.Linear(_SIZE, 1)
        self.scale = nn.Parameter(torch.tensor(_FIRST_SIZE))

    def forward(self, net: Nets, target: torch.Tensor) -> dict[str, torch.Tensor]:
        seen = responses(net, self.probes()[target])
        states = self.encoder(net, self.replies(seen, target))
        above, below = self.above(states.hidden), self.below(states.hidden)
        between = self._edges(net["between"][:, 1:], above[:, 1:], below[:, :-1])
        output = self.output(states.output)[:, None, None].expand(-1, above.shape[1], 1, -1)
        change = {
            "first": self._edges(net["first"], above[:, 0], self.input(states.inputs)),
            "between": functional.pad(between, (0, 0, 0, 0, 1, 0)),
            "last": self._edges(net["last"][:, :, None], output, below)[:, :, 0],
            "biases": self.bias(states.hidden)[..., 0],
            "output_bias": self.output_bias(states.output)[:, 0],
        }
        is_there = weights_there(net)
        return {name: self.scale * value * is_there[name] for name, value in change.items()}

    def _edges(self, weights: torch.Tensor, above: torch.Tensor, below: torch.Tensor) -> torch.Tensor:
        forms = [
            one @ other.transpose(-1, -2)
            for one, other in zip(torch.split(above, _RANK, -1), torch.split(below, _RANK, -1), strict=True)
        ]
        return forms[0] * torch.sigmoid(forms[1]) + torch.tanh(forms[2]) * weights


def weights_there(net: Nets) -> dict[str, torch.Tensor]:
    """1 where a network has a weight and 0 elsewhere, of each of CHANGED, to be multiplied with it."""
    real = net["is_real"]
    between = real[:, 1:, :, None] * real[:, :-1, None, :]
    return {
        "first": real[:, 0, :, None],
        "between": functional.pad(between, (0, 0, 0, 0, 1, 0)),
        "last": net["form"][:, -real.shape[1] :, None] * real,  # of the last layer
        "biases": real,
        "output_bias": torch.ones_like(net["output_bias"]),
    }


def changed(net: Nets, change: Nets) -> dict[str, torch.Tensor]:
    """The networks with a change added."""
    return {**net, **{name: net[name] + change[name] for name in CHANGED}}


def lengths(change: Nets) -> torch.Tensor:
    """L2 of each network's change over all its weights [b]."""
    squares = [(change[name] ** 2).reshape(len(change[name]), -1).sum(1) for name in CHANGED]
    return torch.sqrt(torch.stack(squares).sum(0) + _LEAST)
