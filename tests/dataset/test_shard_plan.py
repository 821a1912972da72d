"""Windows of candidates, and plans that grow until there are enough."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.errors import UserError
from subject_zoo.dataset.shard_plan import Windows, next_plan
from tests.conftest import DEFAULT

SIZES = st.builds(
    lambda first, more, in_window, last: Windows(first, first + more, in_window, last),
    st.integers(1, 50),
    st.integers(0, 200),
    st.integers(1, 5),
    st.integers(1, 3000),
)


@given(SIZES)
def test_windows_cut_all_candidates_once_and_in_order(windows):
    ids = [i for window in range(windows.most) for part in windows.ranges(window) for i in part.ids]
    assert ids == list(range(windows.max_candidates))
    for window in range(windows.most):
        assert len(windows.ranges(window)) <= windows.ranges_per_shard
        assert windows.first(window) == windows.ranges(window)[0].first


@given(SIZES)
def test_ranges_of_a_window_are_equal_and_grow_by_the_first_ones_size_up_to_the_largest(windows):
    sizes = [[len(part.ids) for part in windows.ranges(window)] for window in range(windows.most)]
    for window, of_window in enumerate(sizes[:-1]):  # the last one holds what is left
        expected = min(windows.examples_per_job * (window or 1), windows.largest_job)
        assert of_window == [expected] * windows.ranges_per_shard
    assert all(size <= windows.largest_job for of_window in sizes for size in of_window)


@given(SIZES, st.integers(1, 3000))
def test_more_candidates_add_windows_and_change_none_before_the_last(windows, more):
    longer = replace(windows, max_candidates=windows.max_candidates + more)
    assert longer.most >= windows.most
    for window in range(windows.most - 1):
        assert longer.ranges(window) == windows.ranges(window)


@given(SIZES, st.integers(1, 4000), st.floats(0.01, 1), st.integers(0, 20))
def test_enough_windows_are_the_fewest_that_hold_so_many(windows, examples, acceptance, planned):
    planned = min(planned, windows.most - 1)
    enough = windows.enough_for(examples, acceptance, planned)
    assert planned < enough <= windows.most
    wanted = windows.first(planned) + examples / acceptance
    assert windows.first(enough) >= wanted or enough == windows.most
    assert windows.first(enough - 1) < wanted


def test_equal_sizes_are_ranges_that_do_not_grow():
    windows = Windows(7, 7, 1, 100)
    assert {len(part.ids) for window in range(windows.most - 1) for part in windows.ranges(window)} == {7}


def test_the_default_starts_few_processes_and_makes_few_candidates_too_many():
    windows = Windows.of(DEFAULT)
    for examples, ranges in ((100, 2), (1_000, 7), (10_000, 21), (100_000, 130)):
        assert windows.enough_for(examples, DEFAULT["expected_acceptance"]) == ranges
        assert windows.first(ranges) <= 1.15 * examples / DEFAULT["expected_acceptance"]


def test_ids_of_nine_digits_are_cut_at_once():
    windows = Windows(1, 1, 1, 10**9)
    assert (windows.most, windows.first(10**9)) == (10**9, 10**9)


@pytest.mark.parametrize("acceptance", [5e-324, 1e-300, 1e-9])
def test_the_least_acceptance_plans_all_windows(acceptance):
    windows = Windows.of(DEFAULT)
    assert windows.enough_for(100, acceptance) == windows.enough_for(10**9, 1.0) == windows.most


def rounds_of_planning(windows: Windows, wanted: int, expected: float, actual: float, seed: int) -> tuple[int, int]:
    """How often a run plans, evaluating its DAG anew each time, and for how many candidates; as the workflow does."""
    draw = random.Random(seed)
    planned, accepted, candidates, rounds = windows.enough_for(wanted, expected), 0, 0, 0
    while True:
        made = min(windows.first(planned), windows.max_candidates)
        accepted += sum(draw.random() < actual for _ in range(candidates, made))
        candidates = made
        tally = {"accepted_in_all": accepted, "candidates_in_all": candidates, "rejected_in_all": {"claim": 1}}
        rounds += 1
        plan = next_plan(windows, planned, wanted, tally, 0.01)
        if plan["enough"]:
            return rounds, candidates
        assert plan["windows"] > planned
        planned = plan["windows"]


@pytest.mark.parametrize("actual", [0.02, 0.1, 0.5, 0.88, 0.9])
@pytest.mark.parametrize("expected", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(5))
def test_ten_thousand_records_take_a_handful_of_plans_whatever_was_expected(expected, actual, seed):
    rounds, candidates = rounds_of_planning(Windows.of(DEFAULT), 10_000, expected, actual, seed)
    assert rounds <= (1 if actual > 1.02 * expected else 3)
    assert candidates <= max(1.3 * 10_000 / actual, 10_000 / expected) + DEFAULT["largest_job"]


@given(st.floats(0.3, 1), st.floats(0.05, 1), st.integers(0, 99))
def test_few_records_take_a_handful_of_plans_too(expected, actual, seed):
    rounds, _ = rounds_of_planning(Windows(20, 100, 2, 100_000), 100, expected, actual, seed)
    assert rounds <= 6


def test_all_candidates_used_up_is_an_error_with_the_reasons_and_a_knob():
    windows = Windows(10, 10, 1, 30)
    tally = {"accepted_in_all": 2, "candidates_in_all": 30, "rejected_in_all": {"stability": 3, "competence": 25}}
    with pytest.raises(UserError, match=r"30 candidates gave 2 of the 5 .*competence 25, stability 3.*num_sequences"):
        next_plan(windows, 3, 5, tally, 0.01)


def test_nothing_accepted_is_an_error_of_the_same_kind():
    tally = {"accepted_in_all": 0, "candidates_in_all": 30, "rejected_in_all": {"claim": 30}}
    assert next_plan(Windows(10, 10, 1, 1000), 3, 5, tally, 0.01)["windows"] > 3
    with pytest.raises(UserError, match=r"gave 0 of the 5 .*claim 30"):
        next_plan(Windows(10, 10, 1, 30), 3, 5, tally, 0.01)


def candidates_until_it_stops(windows: Windows, wanted: int, expected: float, least: float) -> tuple[int, str]:
    """How many candidates a run makes, none of which is accepted, before it stops, and what it says then."""
    planned = windows.enough_for(wanted, expected)
    while True:
        made = min(windows.first(planned), windows.max_candidates)
        tally = {"accepted_in_all": 0, "candidates_in_all": made, "rejected_in_all": {"prompt_length": made}}
        try:
            planned = next_plan(windows, planned, wanted, tally, least)["windows"]
        except UserError as error:
            return made, str(error)


@given(st.integers(1, 1000), st.floats(0.05, 1), st.sampled_from([1, 7, 60, 100]))
def test_where_nothing_is_accepted_a_run_stops_soon_after_its_first_plan(wanted, expected, size):
    windows = Windows(size, size, 1, 100_000)
    needed = math.ceil(math.log(0.001) / math.log(0.99))  # in as many a hundredth would have shown itself
    assert needed == 688
    first = windows.enough_for(wanted, expected) * size
    made, told = candidates_until_it_stops(windows, wanted, expected, 0.01)
    assert made <= max(first, needed + size)
    assert told.startswith(
        f"min_acceptance: 0 of {made} candidates were accepted, and 0.01 of them must be; rejected by "
    )
    made, told_last = candidates_until_it_stops(windows, wanted, expected, 0.0)
    assert made == 100_000
    assert told_last.startswith(f"max_candidates: {made} candidates gave 0 of the {wanted}")
    assert all("prompt_length" in line and "raise format.max_prompt_chars" in line for line in (told, told_last))
    assert told.endswith(", or set min_acceptance to 0 to go on up to max_candidates")


@given(st.floats(0.03, 1), st.floats(0.01, 1), st.integers(1, 500), st.integers(0, 99))
def test_a_run_that_accepts_some_is_never_stopped(actual, expected, wanted, seed):
    _, candidates = rounds_of_planning(Windows(7, 7, 3, 10**6), wanted, expected, actual, seed)
    assert candidates < 10**6
