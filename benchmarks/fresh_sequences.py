"""Sequences to measure subject models on that none of them was trained on.

All sequences of the space are enumerated. Never trained on is a sequence that is not in pools.npz, or is there
in the test or the probe slice, and satisfies no pattern of fewer than `min_holdout` sequences (these are trained on
whole). Of those, the pipeline's own test sequences are left out too, since an example is accepted for doing well
on them; only a group with fewer than FRESH_ENOUGH others takes them in. So a pattern that fits its pool is measured
on held-out rows, a larger one mostly on sequences that the pipeline never drew. A pattern under `min_holdout` is
measured on all its sequences, which were trained on.

Pools hold small patterns whole and large ones in part, so what is fresh is no fair sample of a pattern as it is. A
fresh sequence stands for all of its group that satisfy the same set of enabled patterns (a cell), and is weighted
by how many of them are fresh. `coverage` is the share of a group in cells that have a fresh sequence.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from second_definitions import Space

FRESH_ENOUGH = 200
HELD_OUT_SLICES = (1, 2)  # in pools.npz: the test slice and the probe slice
TIERS = UNTESTED, HELD_OUT, CENSUS = range(3)  # how fresh sequences are


@dataclass(frozen=True)
class Sample:
    """Sequences (rows of the space), what each weighs, how fresh they are (of TIERS)."""

    rows: np.ndarray
    weights: np.ndarray
    tier: int

    def estimate(self, values: np.ndarray) -> tuple[float, float]:
        """The weighted mean of a value a sequence, and the variance of that mean; NaN of no sequences."""
        if not len(values):
            return math.nan, math.nan
        shares = self.weights / self.weights.sum()
        mean = float(shares @ values)
        spread = float(shares @ (values - mean) ** 2)
        return mean, 0.0 if self.tier == CENSUS else spread * float(shares @ shares)


class Usable(NamedTuple):
    """Sequences of a group that may be measured on: rows, weights, cells; and the share of the group they cover."""

    rows: np.ndarray
    weights: np.ndarray
    cells: np.ndarray
    coverage: float


@dataclass(frozen=True)
class Group:
    """Sequences of one kind by tier, the freshest first; what a tier holds, the next one holds too."""

    tiers: dict[int, Usable]

    def draw(self, wanted: int, without: int, rng: np.random.Generator) -> Sample:
        """Up to `wanted` of those that satisfy none of the patterns in the mask `without`."""
        left = {tier: np.flatnonzero(usable.cells & without == 0) for tier, usable in self.tiers.items()}
        tier = next((tier for tier, found in left.items() if len(found) >= FRESH_ENOUGH), max(left))
        chosen = left[tier]
        if len(chosen) > wanted:
            chosen = rng.choice(chosen, wanted, replace=False, shuffle=False)
        return Sample(self.tiers[tier].rows[chosen], self.tiers[tier].weights[chosen], tier)


class Fresh:
    """The groups of sequences that models are measured on: `members` and `near` by pattern, and `background`.

    `untrained` bool [N] says of every sequence whether it counts as never trained on; `outside` how many sequences
    the pools do not hold.
    """

    def __init__(self, space: Space, pools: Path, min_holdout: int) -> None:
        with np.load(pools, allow_pickle=False) as arrays:
            drawn = space.rows(arrays["tokens"])
            untrained, tested = np.ones(space.size, bool), np.zeros(space.size, bool)
            untrained[drawn] = np.isin(arrays["slices"], HELD_OUT_SLICES)
            for key in arrays.files:
                if key.startswith("test_"):
                    tested[drawn[arrays[key]]] = True
        self.outside = space.size - len(drawn)
        small = [count < min_holdout for count in space.counts]
        untrained &= ~space.satisfied[small].any(0)
        self.untrained = untrained
        tiers = {UNTESTED: untrained & ~tested, HELD_OUT: untrained}
        everything = {CENSUS: np.ones(space.size, bool)}
        self.members = [
            _group(space, kind, everything if is_small else tiers)
            for kind, is_small in zip(space.satisfied, small, strict=True)
        ]
        self.near = [_group(space, kind, tiers) for kind in space.near]
        self.background = _group(space, space.cells == 0, tiers)


def _group(space: Space, kind: np.ndarray, tiers: Mapping[int, np.ndarray]) -> Group:
    cell_count = 1 << len(space.names)
    of_kind = np.bincount(space.cells[kind], minlength=cell_count)
    built = {}
    for tier, allowed in tiers.items():
        rows = np.flatnonzero(kind & allowed)
        cells = space.cells[rows]
        usable = np.bincount(cells, minlength=cell_count)
        coverage = float(of_kind[usable > 0].sum() / max(of_kind.sum(), 1))
        built[tier] = Usable(rows, of_kind[cells] / usable[cells], cells, coverage)
    return Group(built)
