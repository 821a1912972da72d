"""A reader that learns inputs to run the networks on, and a reading of the logits that they give."""

import torch
from torch import nn

from subject_zoo.judge.nets.probes import Probes
from subject_zoo.judge.nets.run import Nets, run

_PROBES = 128


class ProbeReader(nn.Module):
    """Logits [b, P] of patterns from a batch of networks that take one-hot sequences of `vocabulary` letters."""

    def __init__(self, inputs: int, vocabulary: int, patterns: int):
        super().__init__()
        self.probes = Probes(_PROBES, inputs, vocabulary)
        self.answer = nn.Sequential(nn.Linear(_PROBES, 128), nn.GELU(), nn.Dropout(0.1), nn.Linear(128, patterns))

    def forward(self, net: Nets) -> torch.Tensor:
        logits, _ = run(net, self.probes())
        return self.answer(torch.tanh(logits / 4))
