"""Steps of training, as all nets of the ladder take them."""

from collections.abc import Iterator

import torch
from torch import nn

_LONGEST = 1.0  # gradient, L2


def descend(
    loss: torch.Tensor,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> None:
    """Take a step down a loss, a scalar, along a gradient of length 1 at most, and one along the schedule of rates."""
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(model.parameters(), _LONGEST)
    optimizer.step()
    schedule.step()


def batches(count: int, size: int, steps: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Places of `count` rows for so many steps, int64 [size or fewer]: all of them in a new order, again and again."""
    done = 0
    while True:
        for chosen in torch.split(torch.randperm(count, generator=generator), size):
            if done == steps:
                return
            yield chosen
            done += 1
