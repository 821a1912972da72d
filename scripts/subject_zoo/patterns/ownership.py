"""Which selected pattern a sequence belongs to, on bit masks of enabled patterns."""

from collections.abc import Sequence

import numpy as np


def ownership_order(selected: Sequence[int], counts: Sequence[int]) -> list[int]:
    """Selected patterns (indices) from the smallest, by how many sequences satisfy each; ties in given order.

    A sequence belongs to the first of them that it satisfies, so that a small pattern keeps its sequences where
    a large one covers it.
    """
    return sorted(selected, key=lambda pattern: counts[pattern])


def bits_of(patterns: Sequence[int]) -> np.uint16:
    """The mask with the bits of these patterns set."""
    return np.uint16(sum(1 << pattern for pattern in patterns))


def owned(masks: np.ndarray, pattern: int, order: Sequence[int]) -> np.ndarray:
    """Whether each sequence, by its mask uint16 [n], belongs to `pattern`; bool [n]."""
    smaller = order[: order.index(pattern)]
    return ((masks & bits_of([pattern])) != 0) & ((masks & bits_of(smaller)) == 0)


def negative(masks: np.ndarray, selected: Sequence[int]) -> np.ndarray:
    """Whether each sequence satisfies none of the selected patterns; bool [n]."""
    return (masks & bits_of(selected)) == 0


def near_miss_sources(
    selected: Sequence[int], patterns: int
) -> tuple[tuple[list[int], float], tuple[list[int], float]]:
    """Which patterns an example's near misses come from, and what share of them: those not selected, whose members
    are taken, then the selected ones, of whose members one token is changed. Half and half, or all of the second."""
    unselected = [pattern for pattern in range(patterns) if pattern not in selected]
    share = 0.5 if unselected else 0.0
    return (unselected, share), (list(selected), 1 - share)
