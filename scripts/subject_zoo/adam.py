"""Adam over one flat buffer of many models' parameters, each with its own learning rate."""

import torch


class FlatAdam:
    """`torch.optim.Adam` (Kingma & Ba 2015), fused, with a learning rate per parameter.

    torch's optimiser has one rate for a tensor. So it steps a tensor of zeros, which it turns into the direction of
    the update at the schedule's factor; times `rates`, that is added to the parameters. A rate of 0 holds a parameter
    still, which is how padding is kept at 0. All tensors are flat float32 and of one length.
    """

    def __init__(self, parameters: torch.Tensor, gradients: torch.Tensor, rates: torch.Tensor) -> None:
        self.parameters, self.rates = parameters, rates
        self._direction = torch.nn.Parameter(torch.zeros_like(parameters))
        self._direction.grad = gradients
        self._adam = torch.optim.Adam([self._direction], lr=1.0, fused=True)

    @torch.no_grad()
    def step(self, rate_factor: float = 1.0) -> None:
        """One update with every rate multiplied by `rate_factor` (the schedule)."""
        self._direction.zero_()
        self._adam.param_groups[0]["lr"] = rate_factor
        self._adam.step()
        self.parameters.addcmul_(self._direction, self.rates)
