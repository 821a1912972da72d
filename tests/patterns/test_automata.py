"""Counts and samplers against full enumeration in small spaces, closed formulas and chi-square tests."""

import itertools
from functools import cache
from math import comb, perm

import numpy as np
import pytest
from scipy import stats

from subject_zoo.base.errors import UserError
from subject_zoo.patterns import automata
from subject_zoo.patterns.automata import enumerate_pattern, row_keys, sample, sample_background, sample_distinct
from subject_zoo.patterns.counting import count
from subject_zoo.patterns.definitions import PATTERNS
from subject_zoo.patterns.sequences import satisfied_patterns, satisfies
from subject_zoo.patterns.space import PatternSpace
from tests.patterns.spaces import SMALL_SPACES

LARGEST = PatternSpace(26, 20)
small = pytest.mark.parametrize("space", SMALL_SPACES, ids=str)
every_pattern = pytest.mark.parametrize("name", PATTERNS)


@cache
def everything(space: PatternSpace) -> tuple[np.ndarray, np.ndarray]:
    """All sequences of a small space in lexicographic order, and what they satisfy."""
    tokens = np.array(list(itertools.product(range(space.vocab_size), repeat=space.sequence_length)), dtype=np.uint8)
    return tokens, satisfied_patterns(space, PATTERNS, tokens)


def satisfying(space: PatternSpace, name: str) -> np.ndarray:
    tokens, satisfied = everything(space)
    return tokens[satisfied[:, PATTERNS.index(name)]]


def possible(space: PatternSpace) -> list[str]:
    return [name for name in PATTERNS if name != "no_repeats" or space.sequence_length <= space.vocab_size]


def mountains(peak: int, length: int) -> int:
    """How many mountains have this highest token: sorted slopes of lower tokens beside a plateau."""
    return sum(
        comb(peak + left - 1, left) * comb(peak + right - 1, right)
        for left in range(1, length - 1)
        for right in range(1, length - left)
    )


@small
@every_pattern
def test_count_is_that_of_the_whole_space(space: PatternSpace, name: str) -> None:
    assert count(space, name) == len(satisfying(space, name))
    assert enumerate_pattern(space, name).dtype == np.uint8


@pytest.mark.parametrize(("size", "length"), [(5, 4), (26, 20), (26, 19), (7, 7), (5, 20), (26, 4)])
def test_counts_by_closed_formulas(size: int, length: int) -> None:
    space = PatternSpace(size, length)
    vowels = sum(letter in "AEIOU" for letter in space.letters)
    consonants = size - vowels
    more, fewer = (length + 1) // 2, length // 2
    expected = {
        "all_same": size,
        "palindrome": size**more,
        "sorted_ascending": comb(size + length - 1, length),
        "sorted_descending": comb(size + length - 1, length),
        "alternating": size * (size - 1),
        # inclusion and exclusion over the places of k disjoint copies of ABC
        "contains_abc": sum(
            (-1) ** (k + 1) * comb(length - 2 * k, k) * size ** (length - 3 * k) for k in range(1, length // 3 + 1)
        ),
        "starts_with": size ** (length - 1),
        "ends_with": size ** (length - 1),
        "no_repeats": perm(size, length),
        "has_majority": size * sum(comb(length, k) * (size - 1) ** (length - k) for k in range(fewer + 1, length + 1)),
        "increasing_pairs": comb(size, 2) ** fewer * size ** (length % 2),
        "decreasing_pairs": comb(size, 2) ** fewer * size ** (length % 2),
        "vowel_consonant": vowels**more * consonants**fewer + consonants**more * vowels**fewer,
        "first_last_match": size ** (length - 1),
        "mountain_pattern": sum(mountains(peak, length) for peak in range(size)),
    }
    counts = {name: count(space, name) for name in expected}
    assert counts == expected
    assert all(type(value) is int for value in counts.values())


@pytest.mark.parametrize("space", [SMALL_SPACES[0], SMALL_SPACES[2]], ids=str)
@every_pattern
def test_draws_are_uniform_over_all_sequences(space: PatternSpace, name: str) -> None:
    expected = satisfying(space, name)
    draws = sample(space, name, 40 * len(expected), np.random.default_rng(20))
    assert draws.dtype == np.uint8
    keys, frequencies = np.unique(row_keys(draws), return_counts=True)
    np.testing.assert_array_equal(keys, row_keys(expected))
    assert stats.chisquare(frequencies).pvalue > 1e-4


@every_pattern
def test_draws_satisfy_the_pattern_in_the_largest_and_the_smallest_space(name: str) -> None:
    for space in (LARGEST, PatternSpace(26, 19, starts_with=25, ends_with=25), PatternSpace(5, 4)):
        draws = sample(space, name, 20_000, np.random.default_rng(1))
        assert draws.shape == (20_000, space.sequence_length)
        assert draws.max() < space.vocab_size
        assert satisfies(space, name, draws).all()


@pytest.mark.parametrize("name", [name for name in PATTERNS if name != "no_repeats"])
def test_draws_satisfy_the_pattern_in_the_narrowest_and_longest_space(name: str) -> None:
    space = PatternSpace(5, 20)
    assert satisfies(space, name, sample(space, name, 2_000, np.random.default_rng(2))).all()


def agrees(observed: np.ndarray, weights: list[int]) -> bool:
    """Whether frequencies fit exact integer weights (chi-square, classes under 5 expected draws pooled)."""
    expected = np.array([weight / sum(weights) for weight in weights]) * observed.sum()
    common = expected >= 5
    observed = np.append(observed[common], observed[~common].sum())
    expected = np.append(expected[common], expected[~common].sum())
    kept = expected > 0
    return stats.chisquare(observed[kept], expected[kept]).pvalue > 1e-4


def test_large_draws_have_the_exact_marginals() -> None:
    size, length, rng = LARGEST.vocab_size, LARGEST.sequence_length, np.random.default_rng(3)

    first = sample(LARGEST, "sorted_ascending", 50_000, rng)[:, 0]
    # after a first letter, a multiset of length - 1 letters from it on
    weights = [comb(size - letter + length - 2, length - 1) for letter in range(size)]
    assert agrees(np.bincount(first, minlength=size), weights)

    draws = sample(LARGEST, "has_majority", 50_000, rng)
    most = np.array([np.bincount(row).max() for row in draws])
    weights = [comb(length, k) * (size - 1) ** (length - k) for k in range(length + 1)]
    assert agrees(np.bincount(most, minlength=length + 1)[11:], weights[11:])

    peak = sample(LARGEST, "mountain_pattern", 50_000, rng).max(axis=1)
    weights = [mountains(token, length) for token in range(size)]
    assert agrees(np.bincount(peak, minlength=size), weights)

    last = sample(LARGEST, "no_repeats", 50_000, rng)[:, -1]
    assert agrees(np.bincount(last, minlength=size), [1] * size)


@small
def test_all_distinct_sequences_are_found(space: PatternSpace) -> None:
    for name in PATTERNS:
        expected = satisfying(space, name)
        for n in (len(expected), len(expected) + 100):
            found = sample_distinct(space, name, n, np.random.default_rng(4))
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("share", [0.05, 0.45, 0.5, 0.9])
def test_distinct_sequences_are_distinct_sorted_and_satisfy(share: float) -> None:
    space = PatternSpace(7, 6)
    for name in PATTERNS:
        n = int(share * count(space, name))
        found = sample_distinct(space, name, n, np.random.default_rng(5))
        assert found.shape == (n, 6)
        assert found.dtype == np.uint8
        assert satisfies(space, name, found).all()
        rows = [tuple(row) for row in found.tolist()]
        assert rows == sorted(set(rows))


@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize("name", ["has_majority", "contains_abc", "mountain_pattern"])
def test_every_sequence_is_equally_often_among_the_distinct_ones(name: str, share: float) -> None:
    space = PatternSpace(5, 4)
    expected = satisfying(space, name)
    n, rounds, rng = int(share * len(expected)), 600, np.random.default_rng(6)
    found = np.concatenate([sample_distinct(space, name, n, rng) for _ in range(rounds)])
    _, frequencies = np.unique(row_keys(found), return_counts=True)
    # Of N sequences each is in a set with probability p; for n of N without replacement the covariance of the
    # indicators is p (1 - p) N / (N - 1) times a projection of rank N - 1.
    p = n / len(expected)
    statistic = np.sum((frequencies - rounds * p) ** 2) / (rounds * p * (1 - p)) * (1 - 1 / len(expected))
    assert len(frequencies) == len(expected)
    assert 1e-4 < stats.chi2.sf(statistic, len(expected) - 1) < 1 - 1e-4


@every_pattern
def test_distinct_sequences_of_the_largest_space(name: str) -> None:
    found = sample_distinct(LARGEST, name, 20_000, np.random.default_rng(7))
    assert len(found) == len(np.unique(row_keys(found))) == min(20_000, count(LARGEST, name))
    assert satisfies(LARGEST, name, found).all()


def test_background_is_all_that_is_left_where_little_is() -> None:
    for space in SMALL_SPACES:
        tokens, satisfied = everything(space)
        names = ["starts_with", "has_majority", "first_last_match", "mountain_pattern"]
        rest = tokens[~satisfied[:, [PATTERNS.index(name) for name in names]].any(axis=1)]
        found = sample_background(space, names, len(tokens), np.random.default_rng(8))
        np.testing.assert_array_equal(found, rest)


@pytest.mark.parametrize("space", [PatternSpace(5, 4), PatternSpace(7, 7), PatternSpace(5, 20), LARGEST], ids=str)
def test_background_satisfies_no_pattern(space: PatternSpace) -> None:
    found = sample_background(space, possible(space), 50, np.random.default_rng(9))
    there = (~everything(space)[1].any(axis=1)).sum() if space.vocab_size**space.sequence_length < 1000 else 50
    assert found.dtype == np.uint8
    assert len(np.unique(row_keys(found))) == len(found) == min(50, there)
    assert not satisfied_patterns(space, PATTERNS, found).any()


@pytest.mark.parametrize("space", [PatternSpace(7, 7), PatternSpace(8, 7)], ids=["listed", "drawn"])
def test_background_is_uniform(space: PatternSpace) -> None:
    found = sample_background(space, ["starts_with"], 40_000, np.random.default_rng(10))
    assert len(found) == 40_000
    for position in range(space.sequence_length):
        frequencies = np.bincount(found[:, position], minlength=space.vocab_size)[int(position == 0) :]
        assert stats.chisquare(frequencies).pvalue > 1e-4


def test_background_without_patterns_is_everything() -> None:
    space = PatternSpace(5, 4)
    found = sample_background(space, [], 1000, np.random.default_rng(11))
    np.testing.assert_array_equal(found, everything(space)[0])


@pytest.mark.parametrize("space", [PatternSpace(5, 4), PatternSpace(26, 20)], ids=["listed", "drawn"])
def test_background_says_so_where_nothing_is_left(space: PatternSpace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automata, "satisfies", lambda _space, _name, tokens: np.ones(len(tokens), dtype=bool))
    with pytest.raises(UserError, match=r"^patterns\.enabled: .*satisfies one of palindrome, all_same; "):
        sample_background(space, ["palindrome", "all_same"], 10, np.random.default_rng(12))


def test_a_pattern_that_cannot_occur() -> None:
    space, rng = PatternSpace(5, 6), np.random.default_rng(13)
    assert count(space, "no_repeats") == 0
    assert enumerate_pattern(space, "no_repeats").shape == (0, 6)
    assert sample_distinct(space, "no_repeats", 10, rng).shape == (0, 6)
    with pytest.raises(UserError, match=r"^patterns\.enabled: no_repeats"):
        sample(space, "no_repeats", 10, rng)


def test_unknown_patterns_are_refused() -> None:
    space, rng = PatternSpace(7, 7), np.random.default_rng(14)
    for use in (
        lambda: count(space, "zigzag"),
        lambda: enumerate_pattern(space, "zigzag"),
        lambda: sample(space, "zigzag", 1, rng),
        lambda: sample_distinct(space, "zigzag", 1, rng),
        lambda: sample_background(space, ["zigzag"], 1, rng),
    ):
        with pytest.raises(UserError, match=r"^patterns\.enabled: 'zigzag' is no pattern"):
            use()


@every_pattern
def test_no_draws(name: str) -> None:
    space, rng = PatternSpace(7, 7), np.random.default_rng(15)
    assert sample(space, name, 0, rng).shape == (0, 7)
    assert sample_distinct(space, name, 0, rng).shape == (0, 7)
    assert sample_background(space, [name], 0, rng).shape == (0, 7)


@every_pattern
def test_equal_generators_give_equal_draws_and_others_do_not(name: str) -> None:
    space = PatternSpace(26, 20)

    def draws(seed: int) -> list[list[list[int]]]:
        rng = np.random.default_rng(seed)
        return [
            sample(space, name, 50, rng).tolist(),
            sample_distinct(space, name, 5, rng).tolist(),
            sample_background(space, [name], 5, rng).tolist(),
        ]

    assert draws(16) == draws(16)
    assert all(one != other for one, other in zip(draws(16), draws(17), strict=True))


def test_row_keys_compare_as_rows_do() -> None:
    rows = np.random.default_rng(18).integers(3, size=(500, 4), dtype=np.uint8)
    ordered = rows[np.argsort(row_keys(rows), kind="stable")]
    assert ordered.tolist() == sorted(rows.tolist())
    assert len(np.unique(row_keys(rows))) == len({tuple(row) for row in rows.tolist()})
