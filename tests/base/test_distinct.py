"""Different numbers, as numpy's own way finds them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from subject_zoo.base.distinct import distinct

SHAPES = st.integers(0, 40)


@given(arrays.arrays(np.int32, SHAPES, elements=st.integers(-5, 5)))
def test_whole_numbers(numbers):
    found = distinct(numbers)
    assert found.dtype == numbers.dtype
    np.testing.assert_array_equal(found, np.unique(numbers))


@given(arrays.arrays(np.float32, SHAPES, elements=st.sampled_from([-1.5, -0.0, 0.0, 1e-30, 2.5, np.inf])))
def test_floats(numbers):
    np.testing.assert_array_equal(distinct(numbers), np.unique(numbers))
