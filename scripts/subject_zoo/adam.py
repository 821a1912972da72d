"""Adam over one flat buffer of many models' parameters, each with its own learning rate."""

import math

import torch

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class FlatAdam:
    """Kingma & Ba (2015), Algorithm 1, as `torch.optim.Adam` computes it, without weight decay.

    `rates` holds a learning rate per parameter; a rate of 0 holds a parameter still, which is how padding is
    kept at 0. State is float32 and as long as the parameters.
    """

    def __init__(self, parameters: torch.Tensor, gradients: torch.Tensor, rates: torch.Tensor) -> None:
        self.parameters, self.gradients, self.rates = parameters, gradients, rates
        self.first_moment = torch.zeros_like(parameters)
        self.second_moment = torch.zeros_like(parameters)
        self._denominator = torch.empty_like(parameters)
        self._numerator = torch.empty_like(parameters)
        self.steps = 0

    def step(self, rate_factor: float = 1.0) -> None:
        """One update with every rate multiplied by `rate_factor` (the schedule)."""
        self.steps += 1
        correction1 = 1 - BETA1**self.steps
        root_correction2 = math.sqrt(1 - BETA2**self.steps)
        self.first_moment.lerp_(self.gradients, 1 - BETA1)
        self.second_moment.mul_(BETA2).addcmul_(self.gradients, self.gradients, value=1 - BETA2)
        torch.sqrt(self.second_moment, out=self._denominator)
        # m / c1 / (sqrt(v) / sqrt(c2) + eps) with the corrections gathered into two scalars
        self._denominator.add_(EPSILON * root_correction2)
        torch.mul(self.first_moment, self.rates, out=self._numerator)
        factor = -rate_factor * root_correction2 / correction1
        self.parameters.addcdiv_(self._numerator, self._denominator, value=factor)
