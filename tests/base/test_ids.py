import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.errors import UserError
from subject_zoo.base.ids import MAX_ID, WILDCARD, ExampleRange, cut_into_ranges, format_id

IDS = st.integers(0, MAX_ID) | st.integers(0, 1200) | st.integers(999_990, 1_000_010)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("000123", 123, 123),
        ("000000", 0, 0),
        ("000100-000199", 100, 199),
        ("999999-1000000", 999_999, 1_000_000),
        ("1000000", 1_000_000, 1_000_000),
        ("999999999", MAX_ID, MAX_ID),
    ],
)
def test_names(name, first, last):
    found = ExampleRange.parse(name)
    assert (found.first, found.last) == (first, last)
    assert str(found) == name
    assert list(found.ids[:3]) == list(range(first, min(first + 3, last + 1)))
    assert found.ids[-1] == last


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("000200-000100", "first id above its last; write 000100-000200"),
        ("000007-000007", "a range of one id; write 000007"),
        ("12", "six digits; write 000012"),
        ("0000012", "six digits; write 000012"),
        ("0001000000", "neither an id"),
        ("01000000", "six digits; write 1000000"),
        ("100-199", "six digits; write 000100-000199"),
        ("000100-199", "six digits; write 000100-000199"),
        ("200-100", "write 000100-000200"),
        ("../x", "neither an id, as 000123, nor a range of ids, as 000100-000199"),
        ("000100-000199-1", "neither an id"),
        ("", "neither an id"),
        ("-000100", "neither an id"),
        ("000100-", "neither an id"),
        ("000123\n", "neither an id"),
        (" 000123", "neither an id"),
        ("+00123", "neither an id"),
        ("0_0123", "neither an id"),
        ("٠٠٠١٢٣", "neither an id"),
        ("9" * 5000, "neither an id"),
    ],
)
def test_malformed_names_are_told_what_is_right(name, right):
    with pytest.raises(UserError, match=re.escape(right)) as raised:
        ExampleRange.parse(name)
    assert len(str(raised.value).splitlines()) == 1


@given(IDS, IDS)
def test_a_range_has_one_name_and_the_name_one_range(one, other):
    asked = ExampleRange(min(one, other), max(one, other))
    assert ExampleRange.parse(str(asked)) == asked
    assert re.fullmatch(WILDCARD, str(asked))
    assert str(asked).split("-")[0] == format_id(asked.first) == str(asked.first).zfill(6)


@given(st.from_regex(r"[0-9]{0,8}(-[0-9]{0,8}){0,2}", fullmatch=True) | st.text(max_size=20))
def test_any_other_text_is_refused_and_its_advice_is_itself_a_name(text):
    try:
        found = ExampleRange.parse(text)
    except UserError as error:
        if advice := re.search(r"write (\S+)$", str(error)):
            assert str(ExampleRange.parse(advice[1])) == advice[1] != text
    else:
        assert str(found) == text


@pytest.mark.parametrize("name", ["000123", "000200-000100", "12", "000100-000199-1", "000007-000007"])
def test_the_wildcard_constraint_lets_near_misses_through_to_parse(name):
    assert re.fullmatch(WILDCARD, name)


@pytest.mark.parametrize("name", ["../x", "000123/x", "", "pools"])
def test_the_wildcard_constraint_stops_other_files(name):
    assert not re.fullmatch(WILDCARD, name)


@pytest.mark.parametrize(("first", "last"), [(-1, 3), (4, 3), (0, MAX_ID + 1)])
def test_impossible_ranges_cannot_be_made(first, last):
    with pytest.raises(ValueError, match="not 0 <= first <= last"):
        ExampleRange(first, last)


def test_plan():
    assert [str(part) for part in cut_into_ranges(100, 250, 100)] == ["000100-000199", "000200-000299", "000300-000349"]
    assert [str(part) for part in cut_into_ranges(0, 3, 1)] == ["000000", "000001", "000002"]
    assert [str(part) for part in cut_into_ranges(5, 101, 100)] == ["000005-000104", "000105"]
    assert cut_into_ranges(7, 0, 10) == []


@given(st.integers(0, 2_000_000), st.integers(0, 300), st.integers(1, 120))
def test_a_plan_covers_every_id_once_in_order(first, count, size):
    parts = cut_into_ranges(first, count, size)
    assert [example_id for part in parts for example_id in part.ids] == list(range(first, first + count))
    assert all(len(part.ids) == size for part in parts[:-1])
    assert all(len(part.ids) <= size for part in parts)


@pytest.mark.parametrize(("count", "size"), [(-1, 10), (10, 0)])
def test_a_plan_needs_a_count_and_a_size(count, size):
    with pytest.raises(ValueError, match="cannot be cut"):
        cut_into_ranges(0, count, size)
