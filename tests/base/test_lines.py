"""Text and sizes in a line for a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.lines import size_in_words

UNITS = {"bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15, "EB": 10**18}


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 bytes"), (999, "999 bytes"), (999.6, "1 kB"), (999_999, "1 MB"), (4_096_000, "4.1 MB")]
)
def test_a_size_has_three_digits(number, words):
    assert size_in_words(number) == words


@given(st.integers(0, 10**20))
def test_a_size_is_within_half_a_percent(number):
    value, unit = size_in_words(number).split()
    assert abs(float(value) * UNITS[unit] - number) <= number / 200 + 0.5
