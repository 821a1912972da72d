"""Where most of many values lie."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Spread(NamedTuple):
    """The 10 % quantile, the median and the 90 % quantile of so many values."""

    low: float
    middle: float
    high: float
    size: int


def spread(values: Sequence[float] | np.ndarray) -> Spread:
    """Their spread. Raises ValueError for values that are none or not finite."""
    array = np.asarray(values, np.float64)
    if not len(array) or not np.isfinite(array).all():
        raise ValueError("a spread of values that are none, or not finite")
    low, middle, high = np.quantile(array, [0.1, 0.5, 0.9]).tolist()
    return Spread(low, middle, high, len(array))
