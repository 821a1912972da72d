"""Networks as graphs: messages along the weights, the same whatever the order of a layer's neurons.

Inputs are told apart, as their places mean something; hidden neurons are not. A message between two nodes is weighted
by the weight between them, and a second one by its magnitude. What else is known of the parts may be shown.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from subject_zoo.judge.nets.run import Nets

_SCALES = {"first": 1.5, "between": 2.0, "last": 3.0}  # of the weights of trained networks, roughly
_HEARD = 0.2  # of the messages that a node gets, beside its own state


@dataclass(frozen=True)
class Sight:
    """What is seen of a network: weights, and which of the signatures."""

    weights: bool
    hidden_signature: bool = False
    output_signature: bool = False


@dataclass(frozen=True)
class States:
    """What is known of a network's parts: hidden neurons [b, D, W, size], inputs [b, I, size], the output [b, size]."""

    hidden: torch.Tensor
    inputs: torch.Tensor
    output: torch.Tensor


def block(inputs: int, outputs: int, hidden: int) -> nn.Sequential:
    """A perceptron of one hidden layer."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Linear(hidden, outputs))


class NetworkEncoder(nn.Module):
    """`States` of a batch of networks; `size` numbers are a state, `message` one of each kind that a node sends."""

    def __init__(self, example: Nets, sight: Sight, size: int = 48, message: int = 48, rounds: int = 3):
        super().__init__()
        self.sight, self.rounds = sight, rounds if sight.weights else 0
        depth, inputs = example["biases"].shape[1], example["first"].shape[2]
        form = example["form"].shape[1]
        hidden, output = (example[f"{place}_signature"].shape[-1] for place in ("hidden", "output"))
        seen = form + depth + sight.hidden_signature * hidden + sight.weights * (1 + inputs)
        seen_output = form + sight.output_signature * output + sight.weights
        self.start = block(seen, size, 2 * size)
        self.start_output = block(seen_output, size, size)
        self.inputs = nn.Parameter(0.3 * torch.randn(inputs, size))
        self.sent = nn.ModuleList(nn.Linear(size, 4 * message) for _ in range(self.rounds))  # up, down, both weightings
        self.new = nn.ModuleList(block(size + 4 * message, size, 2 * size) for _ in range(self.rounds))
        self.new_input = nn.ModuleList(block(size + 2 * message, size, size) for _ in range(self.rounds))
        self.new_output = nn.ModuleList(block(size + 2 * message, size, size) for _ in range(self.rounds))
        self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(3 * self.rounds))

    def forward(self, net: Nets, shown: States | None = None) -> States:
        """`shown` is added to what the parts begin with: to hidden neurons [b, D, W, 2 size] and the output [b, size]
        before the nonlinearity, to inputs [b, 1, size]."""
        states = self._begun(net, shown)
        for turn in range(self.rounds):
            states = self._told(net, states, turn)
        return states

    def _begun(self, net: Nets, shown: States | None) -> States:
        """What each part shows of itself."""
        batch, depth, width = net["biases"].shape
        form = net["form"]
        place = torch.eye(depth)[None, :, None].expand(batch, depth, width, depth)
        seen, seen_output = [form[:, None, None].expand(batch, depth, width, -1), place], [form]
        if self.sight.hidden_signature:
            seen.append(net["hidden_signature"])
        if self.sight.output_signature:
            seen_output.append(net["output_signature"])
        if self.sight.weights:
            first = functional.pad(net["first"][:, None], (0, 0, 0, 0, 0, depth - 1))
            seen += [net["biases"][..., None], first]
            seen_output.append(net["output_bias"][:, None])
        hidden, output = self.start[0](torch.cat(seen, -1)), self.start_output[0](torch.cat(seen_output, -1))
        inputs = self.inputs[None].expand(batch, -1, -1)
        if shown is not None:
            hidden, output, inputs = hidden + shown.hidden, output + shown.output, inputs + shown.inputs
        return States(self.start[1:](hidden) * net["is_real"][..., None], inputs, self.start_output[1:](output))

    def _told(self, net: Nets, states: States, turn: int) -> States:
        """After one round of messages, up and down along all weights."""
        hidden, inputs, output = states.hidden, states.inputs, states.output
        first, between, last = (net[name] / scale for name, scale in _SCALES.items())
        up, up_size, down, down_size = self.sent[turn](hidden).chunk(4, -1)
        of_inputs, of_inputs_size, _, _ = self.sent[turn](inputs).chunk(4, -1)
        _, _, of_output, of_output_size = self.sent[turn](output).chunk(4, -1)

        from_inputs = torch.cat([first @ of_inputs, first.abs() @ of_inputs_size], -1)
        from_below = torch.cat([between[:, 1:] @ up[:, :-1], between[:, 1:].abs() @ up_size[:, :-1]], -1)
        below = torch.cat([from_inputs[:, None], from_below], 1)
        turned = between[:, 1:].transpose(2, 3)
        from_above = torch.cat([turned @ down[:, 1:], turned.abs() @ down_size[:, 1:]], -1)
        from_output = [
            last[..., None] * of_output[:, None, None],
            last[..., None].abs() * of_output_size[:, None, None],
        ]
        above = functional.pad(from_above, (0, 0, 0, 0, 0, 1)) + torch.cat(from_output, -1)
        back = first.transpose(1, 2)
        to_inputs = torch.cat([back @ down[:, 0], back.abs() @ down_size[:, 0]], -1)
        to_output = torch.cat(
            [torch.einsum("blw,blwd->bd", last, up), torch.einsum("blw,blwd->bd", last.abs(), up_size)], -1
        )

        norms = self.norms[3 * turn : 3 * turn + 3]
        told = self.new[turn](torch.cat([hidden, _HEARD * below, _HEARD * above], -1))
        told_input = self.new_input[turn](torch.cat([inputs, _HEARD * to_inputs], -1))
        told_output = self.new_output[turn](torch.cat([output, _HEARD * to_output], -1))
        return States(
            norms[0](hidden + told) * net["is_real"][..., None],
            norms[1](inputs + told_input),
            norms[2](output + told_output),
        )
