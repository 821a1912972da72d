"""Learning-rate schedules as a factor on the rate, by the share of the stage's steps that is done."""

import math


def rate_factor(schedule: str, progress: float) -> float:
    """The factor at `progress` in [0, 1): constant 1; linear 1 - p; cosine (1 + cos pi p) / 2.

    Cosine is Loshchilov & Hutter (2017), eq. 5, with one period and a minimum of 0.
    """
    if schedule == "linear":
        return 1 - progress
    if schedule == "cosine":
        return (1 + math.cos(math.pi * progress)) / 2
    return 1.0
