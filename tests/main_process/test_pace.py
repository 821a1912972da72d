"""The rate of a run and the time that is left, whatever came when."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from main_process.pace import Pace, duration, frequency

AMOUNTS = st.floats(0, 1e12)
SOON = st.floats(0, 1e6)


@given(st.floats(0, 1e9), st.lists(st.tuples(SOON, AMOUNTS), max_size=30), AMOUNTS, SOON)
def test_neither_is_ever_negative_and_both_are_finite(begin, noted, rest, later):
    pace = Pace(begin)
    times = list(accumulate((pause for pause, _ in noted), initial=begin))
    amounts = list(accumulate(amount for _, amount in noted))
    for time, amount in zip(times[1:], amounts, strict=True):
        pace.note(time, amount)
    rate, left = pace.rate(), pace.left(rest, times[-1] + later)
    assert rate is None or rate > 0
    assert left is None or 0 <= left < 1e9
    if rate is None:
        assert left is None
    else:
        assert frequency(rate)
    if left is not None:
        assert duration(left)


@given(st.floats(0.01, 1e4), st.integers(2, 200), st.floats(0.1, 100))
def test_of_steady_work_both_are_what_they_are(rate, notes, pause):
    pace = Pace(5.0)
    for number in range(1, notes):
        pace.note(5.0 + number * pause, rate * number * pause)
    now = 5.0 + (notes - 1) * pause
    assert pace.rate() == pytest.approx(rate)
    assert pace.left(rate * 60, now) == pytest.approx(60)
    assert pace.left(rate * 60, now + 20) == pytest.approx(40)
    assert pace.left(rate * 60, now + 100) == 0


def test_the_rate_is_that_of_the_last_minutes():
    pace = Pace(0.0)
    for minute in range(1, 61):
        pace.note(60.0 * minute, minute if minute <= 30 else 30 + 10 * (minute - 30))
    assert pace.rate() == pytest.approx(10 / 60)


def test_before_anything_is_done_nothing_is_told():
    pace = Pace(0.0, 7.0)
    assert pace.rate() is None
    assert pace.left(10, 5.0) is None
    pace.note(0.0, 8.0)  # by a clock that stands
    pace.note(3.0, 7.0)  # and work that was thrown away
    assert pace.rate() is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (99.4, "99 s"),
        (99.6, "2 min"),
        (3600, "60 min"),
        (5999, "1 h 40 min"),
        (3600 * 3 + 299, "3 h 05 min"),
        (86400 * 9, "9 days"),
    ],
)
def test_a_time_in_words(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("rate", "said"),
    [(5.06, "5.1/s"), (1234, "1,234/s"), (0.99, "59/min"), (1 / 60, "1.0/min"), (1 / 3600, "1.0/h"), (1e-9, "0.0/h")],
)
def test_a_rate_in_words(rate, said):
    assert frequency(rate) == said
