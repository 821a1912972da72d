"""Where a network's fault lies: the region that is found is the one that a plain search finds, and that was made."""

from collections import Counter, defaultdict
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.terms import BACKGROUND
from subject_zoo.evaluation.diagnosis import find_region, first_alike, is_definite, own_sequences, poor_patterns
from subject_zoo.examples.corruption import draw_region
from subject_zoo.project import Project
from tests.finished_dataset import tiny_config

VOCABULARY = 5
TOLD = {"negative_inside": 0.9, "positive_outside": 0.9}


def plain_region(rows: list[list[int]], positive: list[bool]) -> tuple[tuple[int, ...], set[tuple[int, ...]]]:
    """What `find_region` finds, in loops: (positions, letters)."""
    columns = list(zip(*rows, strict=True))
    places = [i for i, column in enumerate(columns) if len(set(column)) > 1 and column not in columns[:i]]
    best: dict[int, tuple[int, tuple[int, ...], set[tuple[int, ...]]]] = {}
    for size in (1, 2):
        for chosen in combinations(places, size):
            called: dict[tuple[int, ...], Counter[bool]] = defaultdict(Counter)
            for row, answer in zip(rows, positive, strict=True):
                called[tuple(row[i] for i in chosen)][answer] += 1
            told = sum(max(counts.values()) for counts in called.values())
            letters = {word for word, counts in called.items() if counts[False] > counts[True]}
            if size not in best or told > best[size][0]:
                best[size] = told, chosen, letters
    if 2 in best and best[2][0] - best[1][0] > 0.005 * len(rows):
        return best[2][1:]
    return best[1][1:]


@given(st.integers(0, 10**6), st.integers(2, 60), st.sampled_from(["any", "palindromes", "beginning with A"]))
def test_a_region_is_the_one_of_a_plain_search(seed, count, kind):
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, VOCABULARY, (count, 4)).astype(np.uint8)
    if kind == "palindromes":
        tokens[:, 2:] = tokens[:, 1::-1]
    elif kind == "beginning with A":
        tokens[:, 0] = 0
    positive = rng.random(count) < rng.random()
    if (tokens == tokens[0]).all():
        assert not find_region(tokens, positive, VOCABULARY).letters.any()
        return
    region = find_region(tokens, positive, VOCABULARY)
    positions, letters = plain_region(tokens.tolist(), positive.tolist())
    assert region.positions == positions
    assert {tuple(word) for word in np.argwhere(region.letters).tolist()} == letters


@given(st.integers(0, 10**6))
def test_a_region_that_was_drawn_is_found(seed):
    rng = np.random.default_rng(seed)
    tokens = np.stack(np.meshgrid(*[np.arange(VOCABULARY, dtype=np.uint8)] * 4, indexing="ij"), -1).reshape(-1, 4)
    drawn = draw_region(tokens, 0.5, VOCABULARY, rng)
    inside = drawn.holds(tokens)
    found = find_region(tokens, ~inside, VOCABULARY)
    assert set(found.positions) <= set(drawn.positions)
    assert np.array_equal(found.holds(tokens), inside)


def test_positions_that_have_the_same_letters_are_one_and_those_that_never_change_are_none():
    tokens = np.array([[0, 1, 2, 1, 3], [0, 4, 2, 4, 1]], np.uint8)
    assert first_alike(tokens) == [None, 1, None, 1, 4]
    assert first_alike(tokens[:0]) == [None] * 5
    assert not find_region(tokens[:1], np.array([False]), VOCABULARY).letters.any()


def test_own_sequences_satisfy_their_pattern_and_none_that_is_rarer():
    project = Project(tiny_config())
    pools, selected = project.pools, ("starts_with", "all_same")
    tokens = own_sequences(pools, "starts_with", selected)
    assert (tokens[:, 0] == project.space.starts_with).all()
    assert not (tokens == tokens[:, :1]).all(axis=1).any()
    assert len(own_sequences(pools, "starts_with", ("starts_with",))) == len(tokens) + 1


def test_poor_is_below_the_rate_and_no_background():
    accuracies = {"a": 0.85, "b": 0.849999, BACKGROUND: 0.1}
    assert poor_patterns(accuracies) == ["b"]


@pytest.mark.parametrize(
    ("degraded", "improved", "fault", "definite"),
    [
        ({"a": 0.5, "b": 0.9}, {"a": 0.9, "b": 0.9}, {}, True),
        ({"a": 0.5, "b": 0.9}, {"a": 0.9, "b": 0.9}, {"negative_inside": 0.85, "positive_outside": 0.85}, True),
        ({"a": 0.5, "b": 0.8}, {"a": 0.9, "b": 0.9}, {}, False),  # two faults
        ({"a": 0.9, "b": 0.5}, {"a": 0.9, "b": 0.9}, {}, False),  # another's
        ({"a": 0.9, "b": 0.9}, {"a": 0.9, "b": 0.9}, {}, False),
        ({"a": 0.5, "b": 0.9}, {"a": 0.8, "b": 0.9}, {}, False),  # not mended
        ({"a": 0.5, "b": 0.9}, {"a": 0.9, "b": 0.9}, {"negative_inside": 0.8}, False),
        ({"a": 0.5, "b": 0.9}, {"a": 0.9, "b": 0.9}, {"positive_outside": 0.8}, False),
    ],
)
def test_a_diagnosis_is_definite_where_both_answers_are_true(degraded, improved, fault, definite):
    background = {BACKGROUND: 0.2}
    assert is_definite("a", degraded | background, improved | background, TOLD | fault) == definite
