"""What the parts of a network do on probes, as numbers whose meaning depends on what is asked."""

import torch
from torch import nn

from subject_zoo.judge.nets.encoder import States
from subject_zoo.judge.nets.run import Responses

_STEEP = 0.3  # of slopes, beside activations
_LOGITS = 4.0  # above which they hardly count
_SPREAD = 0.1  # of what is asked, at first


class ForEach(nn.Module):
    """An affine map [b, ..., inputs] to [b, ..., outputs] for each of `count` things that may be asked, int64 [b]: one
    for all, and what each adds to it, nothing at first."""

    def __init__(self, count: int, inputs: int, outputs: int):
        super().__init__()
        self.of_all, self.bias = nn.Linear(inputs, outputs), nn.Embedding(count, outputs)
        self.added = nn.Parameter(torch.zeros(count, inputs, outputs))
        nn.init.normal_(self.bias.weight, std=_SPREAD)

    def forward(self, values: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
        rows = values.flatten(1, -2)
        of_each = self.of_all(rows) + rows @ self.added[asked] + self.bias(asked)[:, None]
        return of_each.unflatten(1, values.shape[1:-1])


class Replies(nn.Module):
    """What an encoder of states of `size` numbers is shown of networks' responses to `probes` inputs, which are others
    for each of `count` things that may be asked."""

    def __init__(self, count: int, probes: int, size: int):
        super().__init__()
        self.hidden, self.output = ForEach(count, 2 * probes, 2 * size), ForEach(count, probes, size)
        self.inputs = nn.Embedding(count, size)
        nn.init.normal_(self.inputs.weight, std=_SPREAD)

    def forward(self, seen: Responses, asked: torch.Tensor) -> States:
        of_neurons = torch.cat([seen.activations, _STEEP * seen.slopes], -1)
        of_output = torch.tanh(seen.logits / _LOGITS)[:, None]
        return States(self.hidden(of_neurons, asked), self.inputs(asked)[:, None], self.output(of_output, asked)[:, 0])
