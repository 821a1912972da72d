"""A reader of networks as graphs: messages along the weights, the same whatever the order of a layer's neurons.

Inputs are told apart, as their places mean something; hidden neurons are not. A message between two nodes is weighted
by the weight between them, and a second one by its magnitude.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from subject_zoo.judge.material import Networks

_RELU, _TANH, _LEAKY = 0, 2, 4  # places in ACTIVATIONS, of the nonlinearities with exact symmetries


@dataclass(frozen=True)
class Sight:
    """What a reader sees: weights, and which of the signatures."""

    weights: bool
    hidden_signature: bool
    output_signature: bool


SIGHTS = {
    "output_signature": Sight(False, False, True),
    "hidden_signature": Sight(False, True, False),
    "weights": Sight(True, False, False),
    "shuffled_labels": Sight(True, False, False),
    "weights_and_signature": Sight(True, True, True),
}


def tensors_of(networks: Networks) -> dict[str, torch.Tensor]:
    """The arrays as tensors, by name."""
    return {
        name: torch.from_numpy(array.astype(np.float32) if array.dtype == bool else array)
        for name, array in vars(networks).items()
    }


def _block(inputs: int, outputs: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Linear(hidden, outputs))


class GraphReader(nn.Module):
    """Logits [b, P] of patterns from a batch of `tensors_of` networks."""

    def __init__(self, example: dict[str, torch.Tensor], sight: Sight, patterns: int, size: int = 48, rounds: int = 3):
        super().__init__()
        self.sight, self.rounds = sight, rounds
        depth, inputs = example["biases"].shape[1], example["first"].shape[2]
        form = example["form"].shape[1]
        hidden, output = (example[f"{place}_signature"].shape[-1] for place in ("hidden", "output"))
        seen = form + depth + sight.hidden_signature * hidden + sight.weights * (1 + inputs)
        self.start = _block(seen, size, 2 * size)
        self.start_output = _block(form + sight.output_signature * output + sight.weights, size, size)
        self.inputs = nn.Parameter(0.3 * torch.randn(inputs, size))
        if sight.weights:
            self.sent = nn.ModuleList(nn.Linear(size, 4 * size) for _ in range(rounds))  # up and down, both weightings
            self.new = nn.ModuleList(_block(5 * size, size, 2 * size) for _ in range(rounds))
            self.new_input = nn.ModuleList(_block(3 * size, size, size) for _ in range(rounds))
            self.new_output = nn.ModuleList(_block(3 * size, size, size) for _ in range(rounds))
            self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(3 * rounds))
            self.compress = nn.Linear(size, 6)
        self.attention = nn.Linear(size, 4)
        pooled = depth * 5 * size + size + (6 * inputs if sight.weights else 0)
        self.answer = nn.Sequential(nn.Linear(pooled, 128), nn.GELU(), nn.Dropout(0.1), nn.Linear(128, patterns))

    def forward(self, net: dict[str, torch.Tensor]) -> torch.Tensor:
        real = net["is_real"][..., None]  # [b, D, W, 1]
        batch, depth, width, _ = real.shape
        place = torch.eye(depth)[None, :, None].expand(batch, depth, width, depth)
        seen = [net["form"][:, None, None].expand(batch, depth, width, -1), place]
        seen_output = [net["form"]]
        if self.sight.hidden_signature:
            seen.append(net["hidden_signature"])
        if self.sight.output_signature:
            seen_output.append(net["output_signature"])
        if self.sight.weights:
            first = functional.pad(net["first"][:, None], (0, 0, 0, 0, 0, depth - 1))
            seen += [net["biases"][..., None], first]
            seen_output.append(net["output_bias"][:, None])
        hidden = self.start(torch.cat(seen, -1)) * real
        output = self.start_output(torch.cat(seen_output, -1))
        inputs = self.inputs[None].expand(batch, -1, -1)
        if self.sight.weights:
            hidden, output, inputs = self._talk(net, hidden, output, inputs, real)
        weights = (self.attention(hidden) + (real - 1) * 1e4).softmax(2) * (real.sum(2, keepdim=True) > 0)
        pooled = torch.einsum("blwk,blwd->blkd", weights, hidden).flatten(1)
        parts = [pooled, (hidden.sum(2) / width).flatten(1), output]
        if self.sight.weights:
            parts.append(self.compress(inputs).flatten(1))
        return self.answer(torch.cat(parts, 1))

    def _talk(
        self,
        net: dict[str, torch.Tensor],
        hidden: torch.Tensor,
        output: torch.Tensor,
        inputs: torch.Tensor,
        real: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        first, between, last = net["first"] / 1.5, net["between"] / 2, net["last"] / 3
        scale = 0.2
        for turn in range(self.rounds):
            sent = self.sent[turn]
            up, up_size, down, down_size = sent(hidden).chunk(4, -1)
            from_below = [between[:, 1:] @ up[:, :-1], between[:, 1:].abs() @ up_size[:, :-1]]
            from_inputs = [first @ sent(inputs).chunk(4, -1)[0], first.abs() @ sent(inputs).chunk(4, -1)[1]]
            below = torch.cat([torch.cat(from_inputs, -1)[:, None], torch.cat(from_below, -1)], 1)
            turned = between[:, 1:].transpose(2, 3)
            from_above = torch.cat([turned @ down[:, 1:], turned.abs() @ down_size[:, 1:]], -1)
            above = functional.pad(from_above, (0, 0, 0, 0, 0, 1))
            _, _, told, told_size = sent(output).chunk(4, -1)
            above = above + torch.cat(
                [last[..., None] * told[:, None, None], last[..., None].abs() * told_size[:, None, None]], -1
            )
            to_output = torch.cat(
                [(last[..., None] * up).sum((1, 2)), (last[..., None].abs() * up_size).sum((1, 2))], -1
            )
            back = first.transpose(1, 2)
            to_inputs = torch.cat([back @ down[:, 0], back.abs() @ down_size[:, 0]], -1)
            norms = self.norms[3 * turn : 3 * turn + 3]
            hidden = norms[0](hidden + self.new[turn](torch.cat([hidden, scale * below, scale * above], -1))) * real
            inputs = norms[1](inputs + self.new_input[turn](torch.cat([inputs, scale * to_inputs], -1)))
            output = norms[2](output + self.new_output[turn](torch.cat([output, scale * to_output], -1)))
        return hidden, output, inputs


def turned_about(net: dict[str, torch.Tensor], generator: torch.Generator) -> dict[str, torch.Tensor]:
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
