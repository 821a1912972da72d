"""Adam over one flat buffer of many models' parameters, each with its own learning rate."""

import torch

from subject_zoo.base.terms import ADAM_BETAS, ADAM_EPSILON


class FlatAdam:
    """Adam (Kingma & Ba 2015, Algorithm 1) with a learning rate per parameter, by torch's fused kernel.

    The kernel has one rate for a tensor. So it steps a tensor of zeros, which it turns into the direction of the update
    at the schedule's factor; times `rates`, that is added to the parameters. A rate of 0 holds a parameter still,
    which is how padding is kept at 0. All tensors are flat float32 and of one length. The kernel is called by itself:
    `torch.optim.Adam(fused=True)` spends on bookkeeping a third of what all the rest of a step takes.
    """

    def __init__(self, parameters: torch.Tensor, gradients: torch.Tensor, rates: torch.Tensor) -> None:
        self.parameters, self.gradients, self.rates = parameters, gradients, rates
        self._direction = torch.zeros_like(parameters)
        self._first_moment = torch.zeros_like(parameters)
        self._second_moment = torch.zeros_like(parameters)
        self._steps = torch.zeros((), device=parameters.device)
        self._held: tuple[torch.Tensor, torch.Tensor] | None = None

    def hold(self, anchor: torch.Tensor, penalties: torch.Tensor) -> None:
        """From now on each step ends with a proximal one: each parameter's distance to `anchor` becomes less by its
        penalty times the step's rate; an infinite penalty, and a distance that is no number, let it not move at all."""
        self._held = anchor, penalties

    def step(self, rate_factor: float = 1.0) -> None:
        """One update with every rate multiplied by `rate_factor` (the schedule)."""
        self._direction.zero_()
        self._steps += 1
        torch._fused_adam_(
            [self._direction],
            [self.gradients],
            [self._first_moment],
            [self._second_moment],
            [],
            [self._steps],
            lr=rate_factor,
            beta1=ADAM_BETAS[0],
            beta2=ADAM_BETAS[1],
            weight_decay=0.0,
            eps=ADAM_EPSILON,
            amsgrad=False,
            maximize=False,
        )
        self.parameters.addcmul_(self._direction, self.rates)
        if self._held is not None:
            anchor, penalties = self._held
            change = self.parameters - anchor
            # padding has a rate of 0, and an infinite penalty times that is no number: it holds what is 0 anyway
            left = (change.abs() - penalties * (self.rates * rate_factor)).clamp_min_(0).nan_to_num_(0.0)
            torch.add(anchor, left.copysign_(change), out=self.parameters)
