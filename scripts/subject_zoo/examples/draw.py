"""The rows of one example's dataset, drawn group by group: by themselves, or so that they keep those of its twin."""

from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np

_PLACE_BITS = 32  # of a place among rows, of which there are fewer than 2 ** 30
NEGATIVE = -1  # the owner of a sequence that satisfies no selected pattern


class Role(IntEnum):
    """What a group's sequences are in a dataset."""

    POSITIVE = 0
    MEMBER = 1  # near misses: members of a pattern that is not selected
    CHANGED = 2  # near misses: members of a selected pattern with one token changed
    BACKGROUND = 3


class Group(NamedTuple):
    """Sequences that are drawn together; `pattern` is the index of the enabled one, NEGATIVE for the background."""

    role: Role
    pattern: int


BACKGROUND = Group(Role.BACKGROUND, NEGATIVE)


class Sides(NamedTuple):
    """Distinct rows on the two sides of the early-stopping split, int32 each."""

    validation: np.ndarray
    training: np.ndarray

    @property
    def both(self) -> np.ndarray:
        """All of them."""
        return np.concatenate(self)


NO_ROWS = Sides(np.zeros(0, np.int32), np.zeros(0, np.int32))


class Draw:
    """Rows drawn so far, group by group, with exact totals for the validation split."""

    def __init__(self, rng: np.random.Generator, total: int, validation_total: int) -> None:
        self.rng, self.rows_left, self._validation_left = rng, total, validation_total
        self.groups: dict[Group, np.ndarray] = {}
        self._held: dict[Group, int] = {}

    def add(
        self, group: Group, candidates: np.ndarray, wanted: int, may_validate: bool = True, kept: Sides = NO_ROWS
    ) -> np.ndarray:
        """Draw `wanted` rows, validation first; fewer than `wanted` candidates are copied to fill both parts.

        Those that are `kept`, which are no candidates, are taken before any are drawn, on their side of the split if it
        has room. No candidates give no rows; their share, and that of a group which may not validate, goes to a later
        group. The rows, int32.
        """
        available = len(candidates) + len(kept.both)
        wanted = wanted if available else 0
        # What is left of the validation split is spread over what is left of the rows: the total comes out
        # exact, and groups that may not validate take nothing from a later group's training rows but up to half.
        held = max(0, self._validation_left - (self.rows_left - wanted) // 2)
        if may_validate and wanted:
            held = max(held, round(wanted * self._validation_left / self.rows_left))
        held = min(held, wanted) if available > 1 else 0  # copies of one sequence must stay on one side
        self.rows_left -= wanted
        self._validation_left -= held
        if available >= wanted:
            rows = self._filled(kept, candidates, held, wanted)
        else:
            distinct = np.concatenate([kept.validation, self.rng.permutation(candidates), kept.training])
            cut = min(max(1, round(len(distinct) * held / wanted)), len(distinct) - 1) if held else 0
            rows = np.concatenate([np.resize(distinct[:cut], held), np.resize(distinct[cut:], wanted - held)])
        self.groups[group], self._held[group] = rows, held
        return rows

    def _filled(self, kept: Sides, candidates: np.ndarray, held: int, wanted: int) -> np.ndarray:
        """Distinct rows [wanted], `held` of them for validation first: those that are kept, and others drawn."""
        validation, training = kept.validation[:held], kept.training[: wanted - held]
        without_room = kept.validation[held:], kept.training[wanted - held :]
        missing = wanted - len(validation) - len(training)
        drawn = self.rng.choice(np.concatenate([candidates, *without_room]), missing, replace=False)
        cut = held - len(validation)
        return np.concatenate([validation, drawn[:cut], training, drawn[cut:]])

    @property
    def rows(self) -> np.ndarray:
        """All rows drawn, group after group."""
        return np.concatenate(list(self.groups.values()))

    @property
    def owners(self) -> np.ndarray:
        """int8 like `rows`: the pattern of positives, NEGATIVE for the others."""
        return self._by_group(lambda group: group.pattern if group.role == Role.POSITIVE else NEGATIVE, np.int8)

    @property
    def is_near_miss(self) -> np.ndarray:
        """bool like `rows`."""
        return self._by_group(lambda group: group.role in (Role.MEMBER, Role.CHANGED), bool)

    @property
    def is_validation(self) -> np.ndarray:
        """bool like `rows`."""
        return np.concatenate([np.arange(len(rows)) < self._held[group] for group, rows in self.groups.items()])

    def _by_group(self, value: Callable[[Group], int], dtype: type) -> np.ndarray:
        return np.concatenate([np.full(len(rows), value(group), dtype) for group, rows in self.groups.items()])

    def sides(self) -> Iterator[tuple[Group, Sides]]:
        """The distinct rows of each group by their sides, in the order in which they were drawn."""
        for group, rows in self.groups.items():
            held = self._held[group]
            yield group, Sides(_first_ones(rows[:held]), _first_ones(rows[held:]))

    def beside(self, other: "Draw") -> np.ndarray:
        """In which order these rows stand as those of `other` do, which are as many on each side: each row that both
        have on one side in the same place, the others in the places that are left. Indices of `rows`."""
        order = np.empty(len(self.rows), np.intp)
        for validation in (True, False):
            here, there = (np.flatnonzero(draw.is_validation == validation) for draw in (self, other))
            (mine, my_places), (others, their_places) = _sorted(self.rows[here]), _sorted(other.rows[there])
            at = np.minimum(np.searchsorted(others, mine), len(others) - 1)
            shared = others[at] == mine
            my_places, their_places = my_places[shared], their_places[at[shared]]
            order[there[their_places]] = here[my_places]
            order[np.delete(there, their_places)] = np.delete(here, my_places)
        return order


def _sorted(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows as numbers that tell copies of one apart, int64, ascending; their places)."""
    keys = np.sort(rows.astype(np.int64) << _PLACE_BITS | np.arange(len(rows)))  # all distinct: no sort is another
    places, numbers = keys & (1 << _PLACE_BITS) - 1, keys >> _PLACE_BITS
    first = np.flatnonzero(np.diff(numbers, prepend=-1))
    copies = np.arange(len(rows)) - np.repeat(first, np.diff(first, append=len(rows)))
    return numbers << _PLACE_BITS | copies, places


def _first_ones(rows: np.ndarray) -> np.ndarray:
    """Distinct rows in the order of their first places."""
    numbers, places = _sorted(rows)
    return rows[np.sort(places[numbers & (1 << _PLACE_BITS) - 1 == 0])]


def enough(
    pool: np.ndarray, is_allowed: Callable[[np.ndarray], np.ndarray], wanted: int, rng: np.random.Generator
) -> np.ndarray:
    """At least `wanted` of a pool's allowed rows, drawn uniformly, or all where there are fewer.

    Most rows of most pools are allowed, so twice as many as wanted are drawn and the others not even looked at.
    """
    some = 2 * wanted + 16
    if some < len(pool):
        rows = rng.choice(pool, some, replace=False)
        rows = rows[is_allowed(rows)]
        if len(rows) >= wanted:
            return rows
    return pool[is_allowed(pool)]


def even_shares(patterns: Sequence[int], total: int) -> Iterator[tuple[int, int]]:
    """Each pattern with its share of the total, the earlier ones one more where it does not divide."""
    for position, pattern in enumerate(patterns):
        yield pattern, total // len(patterns) + (position < total % len(patterns))
