"""Regions in words, in letters and as what holds of sequences: all the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.examples.region import Region
from subject_zoo.patterns.space import LETTERS

VOCABULARY = 6
COMBINATIONS = st.integers(1, 2).flatmap(
    lambda size: st.tuples(
        st.lists(st.integers(0, 4), min_size=size, max_size=size, unique=True).map(sorted),
        st.sets(st.text(LETTERS[:VOCABULARY], min_size=size, max_size=size)),
    )
)


@given(COMBINATIONS, st.integers(0, 1000))
def test_letters_are_what_holds(drawn, seed):
    positions, combinations = drawn
    region = Region.of_combinations(positions, sorted(combinations), VOCABULARY)
    assert region.combinations == sorted(combinations)
    tokens = np.random.default_rng(seed).integers(0, VOCABULARY, (50, 5)).astype(np.uint8)
    words = ["".join(LETTERS[row[place]] for place in positions) for row in tokens.tolist()]
    assert region.holds(tokens).tolist() == [word in combinations for word in words]


def test_in_words():
    assert Region.of_combinations([1, 4], ["DB", "AC", "DA"], 5).in_words == (
        "the letters at positions 2 and 5 are A and C; D and A, B"
    )
    assert Region.of_combinations([3], ["C", "A"], 5).in_words == "the letter at position 4 is A, C"
    assert Region.of_combinations([3], [], 5).in_words == "no sequence"


@pytest.mark.parametrize("word", ["A", "ABC", "AG", ""])
def test_what_is_no_pair_of_letters_is_no_region(word):
    with pytest.raises(ValueError, match=r"is no letter of 6|empty"):
        Region.of_combinations([0, 1], [word], VOCABULARY)
