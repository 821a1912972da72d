"""The time that the matrix products of a training alone take, by torch: what no trainer by such products can beat."""

import math
import time
from collections.abc import Sequence
from itertools import groupby, pairwise

import torch

from subject_zoo.networks.architecture import Architecture

_TOGETHER = 16  # models in one batched product: the fastest number, since their state fits the cache
_MULTIPLE = 8  # widths are padded to it, to the widest of the project's
_STEPS = 20  # timed steps: the whole training would be the same again and again


def floor_seconds(architectures: Sequence[Architecture], steps: int, rows: int, widest: int) -> float:
    """CPU seconds of forward, input-gradient and weight-gradient products by `torch.bmm`, for all models.

    Models of one depth are multiplied together, in float32, with whatever instructions the machine has; `steps`
    optimizer steps of `rows` rows each. The first layer has no input gradient. Validation passes are not counted.
    """
    width, total = math.ceil(widest / _MULTIPLE) * _MULTIPLE, 0.0
    by_depth = lambda architecture: architecture.num_layers  # noqa: E731
    for _, group in groupby(sorted(architectures, key=by_depth), by_depth):
        alike = list(group)
        for start in range(0, len(alike), _TOGETHER):
            total += _step_seconds(alike[start : start + _TOGETHER], rows, width) * steps
    return total


def _step_seconds(architectures: Sequence[Architecture], rows: int, width: int) -> float:
    first, count = architectures[0], len(architectures)
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
    return (time.process_time() - start) / _STEPS
