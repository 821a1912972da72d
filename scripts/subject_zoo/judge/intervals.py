"""95 % intervals of what is counted over records."""

import math
from collections.abc import Callable, Mapping

import numpy as np

_RESAMPLES = 1000
_Z = 1.959963984540054  # of the normal distribution, two-sided 95 %

Interval = tuple[float, float, float]
"""A value, and the low and the high end of its 95 % interval."""


def bootstrap(figures: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray]) -> Interval:
    """(value, low, high) of a statistic of records, by resampling them (Efron 1979, percentile interval).

    `figures` float64 [n, ...] has a row a record. `statistic` takes weights [r, n], how often each record counts, and
    gives its r values. Without records all three are NaN.
    """
    count = len(figures)
    if not count:
        return math.nan, math.nan, math.nan
    rng = np.random.default_rng(0)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=_RESAMPLES).astype(np.float64)
    value = float(statistic(np.ones((1, count)))[0])
    low, high = np.quantile(statistic(weights), [0.025, 0.975])
    return value, float(low), float(high)


def mean_interval(values: np.ndarray) -> Interval:
    """(mean, low, high) of values float64 [n] over records."""
    return bootstrap(values, lambda weights: weights @ values / weights.sum(1))


def share_interval(right: int, count: int) -> Interval:
    """(share, low, high) of independent trials (Wilson 1927)."""
    if not count:
        return math.nan, math.nan, math.nan
    share, spread = right / count, _Z**2 / count
    centre = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return share, max(0.0, centre - half), min(1.0, centre + half)


def f1_intervals(true: np.ndarray, named: np.ndarray) -> dict[str, Interval]:
    """Micro and macro F1, with intervals, of true and named patterns, bool [n, P].

    Macro: the mean over the patterns that are true or named somewhere among the records, in a resample among its own.
    """
    counts = np.stack([true & named, ~true & named, true & ~named], axis=1).astype(np.float64)  # [n, 3, P]
    seen = (true | named).any(axis=0)

    def f1(hits: np.ndarray, claims: np.ndarray, misses: np.ndarray) -> np.ndarray:
        return 2 * hits / np.maximum(2 * hits + claims + misses, 1e-300)

    def macro(weights: np.ndarray) -> np.ndarray:
        totals = np.einsum("rn,nkp->krp", weights, counts[..., seen])
        present = totals.sum(axis=0) > 0
        return (f1(*totals) * present).sum(axis=1) / np.maximum(present.sum(axis=1), 1)

    def micro(weights: np.ndarray) -> np.ndarray:
        return f1(*np.einsum("rn,nk->kr", weights, counts.sum(axis=2)))

    return {"macro_f1": bootstrap(counts, macro), "micro_f1": bootstrap(counts, micro)}


def values_of(measured: Mapping[str, Interval]) -> dict[str, float]:
    """The values alone, by name."""
    return {name: value for name, (value, _, _) in measured.items()}


def ends_of(measured: Mapping[str, Interval]) -> dict[str, list[float]]:
    """[low, high] of each, by name: what reports call `intervals`."""
    return {name: [low, high] for name, (_, low, high) in measured.items()}
