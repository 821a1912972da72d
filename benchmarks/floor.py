"""The time that the matrix products of a training alone take: what no trainer by matrix products can beat."""

import time
from collections.abc import Sequence
from itertools import pairwise

import torch

from subject_zoo.architecture import Architecture
from subject_zoo.stack_training import STACK_SIZE, stacks_of
from subject_zoo.stacked_mlp import SMALLEST_STACK, padded_width

_STEPS = 20  # timed steps a stack: the whole training would be the same again and again


def floor_seconds(architectures: Sequence[Architecture], steps: int, rows: int, widest: int) -> float:
    """CPU seconds of forward, input-gradient and weight-gradient products by `torch.bmm`, for all models.

    The models are stacked and padded as the trainer does it, in float32; `steps` optimiser steps of `rows` rows each.
    The first layer has no input gradient. Validation passes are not counted.
    """
    width, total = padded_width(widest), 0.0
    for positions in stacks_of(architectures, STACK_SIZE):
        first = architectures[positions[0]]
        count = max(SMALLEST_STACK, len(positions))
        widths = [first.input_size, *[width] * first.num_layers, 1]
        layers = []
        for inputs, outputs in pairwise(widths):
            values, weights = torch.randn(count, rows, inputs), torch.randn(count, inputs, outputs)
            delta = torch.randn(count, rows, outputs)
            layers.append((values, weights, delta, torch.empty_like(delta), torch.empty_like(values)))
        gradients = [torch.empty_like(weights) for _, weights, *_ in layers]
        for repeat in range(_STEPS + 2):
            if repeat == 2:  # the first two warm the caches
                start = time.process_time()
            for layer, ((values, weights, delta, forward, backward), gradient) in enumerate(
                zip(layers, gradients, strict=True)
            ):
                torch.bmm(values, weights, out=forward)
                torch.bmm(values.transpose(1, 2), delta, out=gradient)
                if layer > 0:
                    torch.bmm(delta, weights.transpose(1, 2), out=backward)
        total += (time.process_time() - start) / _STEPS * steps
    return total
