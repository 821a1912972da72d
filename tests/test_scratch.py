"""Memory that is kept."""

import numpy as np

from subject_zoo.scratch import Scratch


def test_a_name_keeps_its_memory():
    scratch = Scratch()
    large = scratch.take("a", (4, 5), np.float64)
    small = scratch.take("a", (2, 3), np.float64)
    assert small.shape == (2, 3)
    assert small.dtype == np.float64
    assert small.flags.c_contiguous
    assert np.shares_memory(large, small)
    assert scratch.take("a", (40, 5), np.float64).shape == (40, 5)


def test_names_share_nothing():
    scratch = Scratch()
    first, second = scratch.take("a", (8,), np.float64), scratch.take("b", (8,), np.float32)
    assert second.dtype == np.float32
    assert not np.shares_memory(first, second)
