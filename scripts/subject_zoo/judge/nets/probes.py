"""Inputs that are learned, to see by them what networks do."""

import torch
from torch import nn

_SURE = 1.5  # of the letters that probes begin with: each then has 0.77 of its place, of seven letters
_SPREAD = 0.1  # of what is added to them


class Probes(nn.Module):
    """Inputs that are learned, in `sets` of `count`: soft sequences over `vocabulary` letters, or any numbers if that
    is 1."""

    def __init__(self, count: int, inputs: int, vocabulary: int, sets: int = 1):
        super().__init__()
        self.values = nn.Parameter(torch.randn(sets, count, inputs // vocabulary, vocabulary))

    def begin(self, chosen: int, values: torch.Tensor) -> None:
        """Let a set begin near inputs [count, I]."""
        of_set = self.values[chosen]
        scale = _SURE if of_set.shape[-1] > 1 else 1.0
        with torch.no_grad():
            of_set.copy_(scale * values.view_as(of_set) + _SPREAD * torch.randn_like(of_set))

    def forward(self) -> torch.Tensor:
        """[sets, count, I]."""
        values = (2 * self.values).softmax(-1) if self.values.shape[-1] > 1 else self.values
        return values.flatten(2)
