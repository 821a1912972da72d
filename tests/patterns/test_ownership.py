"""Which selected pattern a sequence belongs to."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.patterns.ownership import negative, owned, ownership_order


@given(
    st.lists(st.integers(0, 2**6 - 1), min_size=1, max_size=30),
    st.lists(st.integers(0, 5), min_size=1, unique=True),
    st.lists(st.integers(1, 4), min_size=6, max_size=6),
)
def test_a_sequence_belongs_to_the_smallest_selected_pattern_that_it_satisfies(masks, selected, counts):
    array = np.array(masks, np.uint16)
    order = ownership_order(selected, counts)
    owners = {pattern: owned(array, pattern, order).tolist() for pattern in selected}
    is_negative = negative(array, selected).tolist()
    for row, mask in enumerate(masks):
        satisfied = [pattern for pattern in selected if mask >> pattern & 1]
        expected = [min(satisfied, key=lambda p: (counts[p], selected.index(p)))] if satisfied else []
        assert [pattern for pattern in selected if owners[pattern][row]] == expected
        assert is_negative[row] == (not satisfied)
