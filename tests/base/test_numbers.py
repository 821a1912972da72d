"""Numbers are equally wide, and their text says what they were rounded to."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from subject_zoo.base.json_text import json_array, json_object
from subject_zoo.base.numbers import joined, number_cells, round_to_width

DECIMALS = st.integers(0, 9)

# float32 values: times a power of ten they are exact in float64, so ties are ties by any way of rounding.
ordinary = st.floats(-12, 12, width=32)
any_size = st.floats(width=32, allow_nan=False, allow_infinity=False)
at_a_power_of_ten = st.builds(
    lambda exponent, step, sign: float(sign * np.float32(10.0**exponent) * (1 + step * np.float32(2.0**-23))),
    st.integers(-3, 11),
    st.integers(-8, 8).map(np.float32),
    st.sampled_from([-1, 1]),
)
ties = st.builds(lambda odd, power: odd / 2**power, st.integers(-99999, 99999), st.integers(0, 9))
tables = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=6),
    elements=ordinary | ordinary | at_a_power_of_ten | ties,
)
odd_tables = hnp.arrays(np.float64, st.integers(1, 12), elements=any_size | at_a_power_of_ten)


def written(value: float, decimals: int) -> str:
    """A number without its spaces: as many decimals as leave it decimals + 1 digits, by Python's own rounding."""
    if abs(value) >= 1e16:
        return repr(value)
    for fewer in range(decimals, -1, -1):
        text = format(value, f".{fewer}f")
        if sum(character.isdigit() for character in text) <= decimals + 1:
            break
    return text if float(text) else text.removeprefix("-")


def written_table(values: list[float], decimals: int) -> list[str]:
    """A table's numbers with their spaces."""
    texts = [written(value, decimals) for value in values]
    width = max([decimals + 3, *(1 + len(text.lstrip("-")) for text in texts)])
    return [text + " " * (width - len(text)) for text in texts]


@given(values=tables | odd_tables, decimals=DECIMALS)
@settings(max_examples=500)
def test_equals_a_plain_loop(values, decimals):
    cells = number_cells(values, decimals)
    assert cells.dtype == np.uint8
    assert cells.shape[:-1] == values.shape
    assert joined(cells).split(",") == written_table(values.ravel().tolist(), decimals)


@pytest.mark.parametrize("decimals", range(6))
def test_float64_next_to_decimals_equal_a_plain_loop(decimals):
    """All but what is a tie, or so near one that float64 arithmetic does not tell."""
    values = np.arange(-30_000, 30_001) / 10.0 ** max(decimals, 1)
    values = np.concatenate([np.nextafter(values, -np.inf), values, np.nextafter(values, np.inf)])
    units = np.abs(values)[:, None] * 10.0 ** np.arange(decimals + 1)
    values = values[(np.abs(units % 1 - 0.5) > 1e-6).all(axis=1)]
    assert len(values) > 10_000
    assert joined(number_cells(values, decimals)).split(",") == written_table(values.tolist(), decimals)


@given(values=hnp.arrays(np.float64, 20, elements=ordinary | ties), decimals=DECIMALS)
def test_every_number_of_ordinary_size_takes_three_characters_more_than_its_decimals(values, decimals):
    fits = np.abs(values) < 10.0 ** (decimals + 2) - 1  # integers of decimals + 2 digits, the longest
    texts = joined(number_cells(values[fits], decimals)).split(",") if fits.any() else []
    assert {len(text) for text in texts} <= {decimals + 3}


@given(values=tables | odd_tables, decimals=DECIMALS)
def test_signs_change_no_width(values, decimals):
    lengths = {len(joined(number_cells(table, decimals))) for table in (values, -values, np.abs(values))}
    assert len(lengths) == 1


@given(values=tables | odd_tables, decimals=DECIMALS)
@settings(max_examples=300)
def test_text_parses_to_the_rounded_values_bit_for_bit(values, decimals):
    rounded = round_to_width(values, decimals)
    numbers = json.loads(f"[{joined(number_cells(values, decimals))}]")
    parsed = np.array([float(number) for number in numbers]).reshape(values.shape)
    np.testing.assert_array_equal(parsed.view(np.uint64), rounded.view(np.uint64))  # the sign of zero too


@given(
    values=hnp.arrays(np.float64, 20, elements=st.floats(-1e15, 1e15) | st.floats(-100, 100) | ordinary),
    decimals=DECIMALS,
)
@settings(max_examples=300)
def test_rounding_is_to_the_nearest_and_happens_once(values, decimals):
    rounded = round_to_width(values, decimals)
    again = round_to_width(rounded, decimals)
    np.testing.assert_array_equal(again.view(np.uint64), rounded.view(np.uint64))
    assert joined(number_cells(rounded, decimals)) == joined(number_cells(values, decimals))
    for value, number in zip(values.tolist(), rounded.tolist(), strict=True):
        before = len(str(math.floor(abs(number))))  # digits before the point
        unit = 10.0 ** -max(0, decimals + 1 - before)
        assert abs(number - value) <= unit / 2 * (1 + 1e-6) + abs(value) * 1e-15


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (-0.52, 2, "-0.52"),
        (0.5, 2, "0.50 "),
        (-0.004, 2, "0.00 "),
        (9.994, 2, "9.99 "),
        (9.996, 2, "10.0 "),
        (-9.996, 2, "-10.0"),
        (12.34, 2, "12.3 "),
        (99.96, 2, "100  "),
        (-123, 2, "-123 "),
        (-1234, 2, "-1234"),
        (12.34, 1, "12  "),
        (-12.34, 1, "-12 "),
        (-0.96, 1, "-1.0"),
        (-3.4, 0, "-3 "),
        (12, 0, "12 "),
        (0.1234567891, 9, "0.123456789 "),
    ],
)
def test_examples(value, decimals, text):
    assert joined(number_cells(np.array([value]), decimals)) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.5, 123456], "0.50   ,123456 "),
        ([0.5, -123456], "0.50   ,-123456"),
        ([-0.5, 12345.6], "-0.50 ,12346 "),
        ([0.5, 3e38], "0.50  ,3e+38 "),
        ([0.5, np.nan], "0.50 ,null "),
        ([-np.inf, 0.5], "null ,0.50 "),
    ],
)
def test_a_table_is_as_wide_as_its_widest_number(values, text):
    assert joined(number_cells(np.array(values), 2)) == text


def test_what_is_not_finite_stays_when_it_is_rounded():
    np.testing.assert_array_equal(round_to_width(np.array([np.nan, np.inf, -np.inf]), 2), [np.nan, np.inf, -np.inf])


@given(values=tables.filter(lambda table: table.ndim < 3), decimals=DECIMALS)
def test_arrays_are_nested_row_by_row(values, decimals):
    text = json_array(joined(number_cells(values, decimals)), values.shape)
    assert json.loads(json_object({"a": text, "b": "[]"})) == {"a": round_to_width(values, decimals).tolist(), "b": []}


def test_an_empty_table_has_no_text():
    cells = number_cells(np.zeros((0, 3)), 2)
    assert cells.shape == (0, 3, 6)
    assert joined(cells) == ""
