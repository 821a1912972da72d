"""Memory kept between computations of the same kind."""

import math

import numpy as np


class Scratch:
    """Arrays by name, in memory that is kept from one use of the name to the next.

    The C library gives large blocks back to the system when they are freed, and having them mapped again, page by
    page, costs more than to compute a simple statistic of what they hold. An array is valid until its name is
    taken again; not for several threads at once.
    """

    def __init__(self) -> None:
        self._kept: dict[str, np.ndarray] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        """An array of any contents, in C order. A name has the same dtype every time."""
        size = math.prod(shape)
        kept = self._kept.get(name)
        if kept is None or kept.size < size:
            kept = self._kept[name] = np.empty(size, dtype)
        return kept[:size].reshape(shape)
