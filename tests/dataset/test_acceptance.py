"""When a share of accepted candidates is surely too small, against the binomial distribution in exact fractions."""

from fractions import Fraction
from math import comb

from hypothesis import assume, given
from hypothesis import strategies as st

from subject_zoo.base.terms import FIRST_OF_SPLIT, GATES, TOO_LONG
from subject_zoo.dataset.acceptance import KNOBS, is_below, why_rejected


def lower_tail(accepted: int, candidates: int, share: Fraction) -> Fraction:
    chances = (comb(candidates, k) * share**k * (1 - share) ** (candidates - k) for k in range(accepted + 1))
    return sum(chances, start=Fraction(0))


@given(st.data(), st.integers(1, 400), st.fractions(0, Fraction(99, 100), max_denominator=200))
def test_it_is_the_exact_tail_of_the_binomial_distribution(data, candidates, share):
    accepted = data.draw(st.integers(0, candidates))
    tail = lower_tail(accepted, candidates, share)
    assume(abs(tail - Fraction(1, 1000)) > Fraction(1, 10**9))
    assert is_below(accepted, candidates, float(share)) == (tail < Fraction(1, 1000))


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.floats(0, 1, exclude_max=True))
def test_any_counts_are_judged(accepted, candidates, share):
    accepted = min(accepted, candidates)
    below = is_below(accepted, candidates, share)
    assert not (below and accepted >= share * candidates)
    assert not is_below(accepted, candidates, 0.0)
    assert is_below(0, candidates, share) or not below


def test_a_handful_of_candidates_stops_no_run():
    assert not is_below(0, 100, 0.01)
    assert not is_below(0, 687, 0.01)
    assert is_below(0, 688, 0.01)
    assert is_below(1, 1000, 0.01)
    assert not is_below(10, 1000, 0.01)


def test_every_reason_has_a_knob():
    assert set(KNOBS) == {*GATES, TOO_LONG, FIRST_OF_SPLIT}
    for reason in KNOBS:
        assert KNOBS[reason] in why_rejected({reason: 3})
    told = why_rejected({"claim": 1, "repair": 9, "competence": 4})
    assert told.startswith(
        "rejected by repair 9, competence 4, claim 1 (one candidate can fail several gates); for repair"
    )
    assert "; for competence lower validation.min_accuracy" in told
    assert "improvement_epochs" not in told
    assert why_rejected({}) == "check that the patterns can be learnt"
