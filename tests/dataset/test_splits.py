"""Splits: stable, in the wanted shares, and in one split only what may not stand in two."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.terms import SPLITS
from subject_zoo.dataset.splits import split_of

PATTERNS = [f"pattern_{number}" for number in range(12)]
COMBINATIONS = [chosen for size in (1, 2, 3) for chosen in combinations(PATTERNS, size)]


@pytest.mark.parametrize("holdout", ["example", "combination"])
def test_the_shares_are_those_of_the_config(holdout):
    """Of examples, or of combinations, which are the units that are drawn."""
    units = [(i, COMBINATIONS[i % len(COMBINATIONS)]) for i in range(6000 if holdout == "example" else 298)]
    splits = [split_of(0, i, patterns, holdout, 0.2, 0.3) for i, patterns in units]
    for split, share in zip(SPLITS, (0.5, 0.2, 0.3), strict=True):
        error = 4 * (share * (1 - share) / len(units)) ** 0.5
        assert abs(splits.count(split) / len(units) - share) < error


def test_no_combination_stands_in_two_splits():
    splits = {}
    for i in range(3000):
        patterns = COMBINATIONS[i * 7 % len(COMBINATIONS)]
        splits.setdefault(patterns, set()).add(split_of(3, i, patterns, "combination", 0.2, 0.3))
    assert all(len(of_combination) == 1 for of_combination in splits.values())
    assert {split for of_combination in splits.values() for split in of_combination} == set(SPLITS)


def test_examples_of_one_combination_stand_in_all_splits_where_examples_are_held_out():
    assert {split_of(3, i, PATTERNS[:2], "example", 0.2, 0.3) for i in range(100)} == set(SPLITS)


@given(st.permutations(PATTERNS[:4]), st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_order_of_patterns_does_not_matter(patterns, one, other):
    splits = {
        split_of(0, i, chosen, "combination", 0.3, 0.3) for i in (one, other) for chosen in (patterns, PATTERNS[:4])
    }
    assert len(splits) == 1


@given(st.integers(0, 2**63), st.integers(0, 10**6))
def test_the_extremes(seed, example_id):
    assert split_of(seed, example_id, PATTERNS, "example", 0, 0) == "train"
    assert split_of(seed, example_id, PATTERNS, "example", 0, 0.999999999) == "test"


def test_another_seed_splits_otherwise():
    one, other = ([split_of(seed, i, PATTERNS, "example", 0.2, 0.3) for i in range(200)] for seed in (0, 1))
    assert one != other
    assert one == [split_of(0, i, PATTERNS, "example", 0.2, 0.3) for i in range(200)]
