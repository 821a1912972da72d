"""The sequences that all examples of a project draw from, and the test set that all are measured on.

One table of distinct sequences; each row knows which enabled patterns it satisfies (a bit mask) and which slice
it belongs to. Pools are lists of rows: a pattern's members, its near misses (members with one token changed that
no longer satisfy it), and a background that satisfies no enabled pattern.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from subject_zoo.base.errors import UserError
from subject_zoo.base.randomness import ProjectPurpose, project_generator
from subject_zoo.patterns.automata import sample_background, sample_distinct
from subject_zoo.patterns.counting import count
from subject_zoo.patterns.definitions import check_possible
from subject_zoo.patterns.ownership import bits_of
from subject_zoo.patterns.sequences import row_keys, satisfied_patterns, satisfies
from subject_zoo.patterns.slices import Slice, slices_of
from subject_zoo.patterns.space import PatternSpace, pattern_space

_TABLES = ("tokens", "masks", "slices", "background", "test_background")  # fields that are one array
_LISTS = ("members", "near_misses", "test_members", "test_near_misses")  # fields that are one array a pattern
NEAR_MISS_TEST_SHARE = 0.25  # of `test_per_pattern`: near misses fill a quarter of the negatives by default


@dataclass(frozen=True)
class Pools:
    """`tokens` uint8 [R, T], distinct rows; `masks` uint16 [R], bit j set where enabled pattern j is satisfied;
    `slices` uint8 [R]. `members[j]` and `near_misses[j]` are rows (int32) of enabled pattern j, `background` of
    none; `test_members`, `test_near_misses` and `test_background` the rows of these that form the test set.
    `counts[j]` is how many sequences satisfy pattern j in all; it orders ownership.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...]
    tokens: np.ndarray
    masks: np.ndarray
    slices: np.ndarray
    members: tuple[np.ndarray, ...]
    near_misses: tuple[np.ndarray, ...]
    background: np.ndarray
    test_members: tuple[np.ndarray, ...]
    test_near_misses: tuple[np.ndarray, ...]
    test_background: np.ndarray

    @classmethod
    def create(
        cls, seed: int, patterns: Mapping[str, Any], dataset: Mapping[str, Any], draws: int | None = None
    ) -> "Pools":
        """Draw the pools of a project from the config's sections. Raises UserError for patterns that cannot be.

        With `draws`, another seed for what is drawn: other sequences, in the same slices.
        """
        space, names, size = pattern_space(patterns), tuple(patterns["enabled"]), dataset["pool_size"]
        check_possible(space, names)
        draw = partial(project_generator, seed if draws is None else draws)
        pools = [sample_distinct(space, n, size, draw(ProjectPurpose.POOLS, i)) for i, n in enumerate(names)]
        pools += [
            near_misses(space, name, pools[i], size, draw(ProjectPurpose.NEAR_MISSES, i))
            for i, name in enumerate(names)
        ]
        pools.append(sample_background(space, names, size, draw(ProjectPurpose.BACKGROUND)))
        every = np.concatenate(pools)
        _, first, places = np.unique(row_keys(every), return_index=True, return_inverse=True)
        tokens = every[first]
        masks = _masks(space, names, tokens)
        counts = tuple(count(space, name) for name in names)
        small = [i for i, number in enumerate(counts) if number < dataset["min_holdout"]]
        slices = slices_of(tokens, seed, dataset["test_fraction"], dataset["probe_fraction"])
        slices[(masks & bits_of(small)) != 0] = Slice.SHARED
        rows = np.split(places.astype(np.int32), np.cumsum([len(pool) for pool in pools])[:-1])
        members, misses, background = rows[: len(names)], rows[len(names) : -1], rows[-1]
        held_out = {name: slices[members[i]] for i, name in enumerate(names) if i not in small}
        _check_slices(held_out | {"background": slices[background]})

        def test_rows(part: int, of: np.ndarray, wanted: int, slice_: Slice = Slice.TEST) -> np.ndarray:
            candidates = of[slices[of] == slice_]
            return np.sort(draw(ProjectPurpose.TEST_SET, part).permutation(candidates)[:wanted])

        wanted = dataset["test_per_pattern"]
        tested_in = [Slice.SHARED if i in small else Slice.TEST for i in range(len(names))]
        return cls(
            names=names,
            counts=counts,
            tokens=tokens,
            masks=masks,
            slices=slices,
            members=tuple(members),
            near_misses=tuple(misses),
            background=background,
            test_members=tuple(test_rows(i, of, wanted, tested_in[i]) for i, of in enumerate(members)),
            test_near_misses=tuple(
                test_rows(len(names) + i, of, int(wanted * NEAR_MISS_TEST_SHARE)) for i, of in enumerate(misses)
            ),
            test_background=test_rows(2 * len(names), background, dataset["test_background"]),
        )

    @cached_property
    def held_out(self) -> tuple[bool, ...]:
        """Whether a pattern's sequences in the test and the probe slice are never trained on, pattern by pattern."""
        return tuple(bool((self.slices[rows] != Slice.SHARED).any()) for rows in self.members)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Arrays for one .npz; counts as text, since they can exceed 64 bits."""
        arrays = {"names": np.array(self.names), "counts": np.array([str(c) for c in self.counts])}
        arrays |= {key: getattr(self, key) for key in _TABLES}
        for kind in _LISTS:
            arrays |= {f"{kind}/{n}": rows for n, rows in zip(self.names, getattr(self, kind), strict=True)}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "Pools":
        """The inverse of `to_arrays`."""
        names = tuple(arrays["names"].tolist())
        fields: dict[str, Any] = {key: arrays[key] for key in _TABLES}
        fields |= {kind: tuple(arrays[f"{kind}/{name}"] for name in names) for kind in _LISTS}
        return cls(names=names, counts=tuple(int(c) for c in arrays["counts"].tolist()), **fields)


def _masks(space: PatternSpace, names: Sequence[str], tokens: np.ndarray) -> np.ndarray:
    """uint16 [n]: bit j set where the sequence satisfies the pattern names[j]."""
    bits = np.uint16(1) << np.arange(len(names), dtype=np.uint16)
    return (satisfied_patterns(space, names, tokens) * bits).sum(1).astype(np.uint16)


def _check_slices(pools: dict[str, np.ndarray]) -> None:
    """Raise UserError for a pool that leaves too little of itself in the train or the test slice.

    Near misses leave the background half of its sequences to train on, and two are the fewest whose copies
    can stand on both sides of a validation split; so four.
    """
    for name, slices in pools.items():
        train, test = (int((slices == part).sum()) for part in (Slice.TRAIN, Slice.TEST))
        if train < 4 or test < 1:
            raise UserError(
                f"patterns.enabled: {name} has {train} sequences to train on and {test} to test on; "
                "it needs at least 4 and 1: choose other patterns, a larger patterns.sequence_length or "
                "dataset.pool_size, other dataset.test_fraction and probe_fraction, or a higher min_holdout"
            )


def near_misses(
    space: PatternSpace, name: str, members: np.ndarray, wanted: int, rng: np.random.Generator
) -> np.ndarray:
    """Distinct sequences, uint8 [at most wanted, T], that differ from a member in one token and miss the pattern.

    Each is a random member with a random position set to a random other token; those that still satisfy the
    pattern are dropped, so a pattern that one token seldom breaks yields fewer.
    """
    edited = members[rng.integers(len(members), size=2 * wanted)]
    positions = rng.integers(space.sequence_length, size=len(edited))
    shifts = rng.integers(1, space.vocab_size, size=len(edited), dtype=np.uint8)
    rows = np.arange(len(edited))
    edited[rows, positions] = (edited[rows, positions] + shifts) % space.vocab_size
    edited = edited[~satisfies(space, name, edited)]
    _, first = np.unique(row_keys(edited), return_index=True)
    return edited[np.sort(first)][:wanted]
