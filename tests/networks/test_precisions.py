"""Rounding to a precision, as torch rounds."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from subject_zoo.networks.rounding import round_to_precision
from tests.networks.models import PRECISIONS, all_of_16_bits, assert_equal_bits

finite_floats = hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(width=32, allow_nan=False))


@pytest.mark.parametrize("precision", PRECISIONS)
@given(values=finite_floats)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_rounding_equals_torchs(precision, values):
    expected = torch.from_numpy(values.copy()).to(PRECISIONS[precision]).float().numpy()
    assert_equal_bits(round_to_precision(values, precision), expected)


def test_bfloat16_rounds_ties_and_their_neighbours_as_torch_does():
    upper = np.arange(1 << 16, dtype=np.uint32) << 16
    for lower in (0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF):
        values = (upper | lower).view(np.float32)
        values = values[~np.isnan(values)]
        expected = torch.from_numpy(values.copy()).bfloat16().float().numpy()
        assert_equal_bits(round_to_precision(values, "bfloat16"), expected)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_values_of_a_format_stay_what_they_are(precision):
    values = all_of_16_bits(precision)
    assert_equal_bits(round_to_precision(values, precision), values)
