"""Tallies: what is counted window after window, and where models were trained."""

from subject_zoo.base.terms import FIRST_OF_SPLIT, TOO_LONG
from subject_zoo.dataset.tally import add_window

CPU, GPU = {"device": "cpu", "numpy": "2.4.6"}, {"device": "NVIDIA H100", "numpy": "2.4.6"}


def verdict(*reasons: str) -> dict:
    return {"accepted": not reasons, "reasons": list(reasons)}


def test_windows_add_up():
    first = add_window(None, [verdict(), verdict("claim"), verdict("claim", "stability")], [0], [CPU])
    assert first == {
        "accepted_before": 0,
        "accepted": [0],
        "candidates_in_all": 3,
        "accepted_in_all": 1,
        "rejected_in_all": {"claim": 2, "stability": 1},
        "environment": CPU,
    }
    second = add_window(first, [verdict(), verdict(), verdict("claim")], [4], [CPU])  # one record too long
    assert second["accepted_before"] == 1
    assert second["accepted_in_all"] == 2
    assert second["candidates_in_all"] == 6
    assert second["rejected_in_all"] == {"claim": 3, TOO_LONG: 1, "stability": 1}
    shuffled = add_window(second, [verdict(), verdict(), verdict()], [7], [CPU], first_of_split=1)
    assert shuffled["rejected_in_all"] == {"claim": 3, FIRST_OF_SPLIT: 1, TOO_LONG: 2, "stability": 1}


def test_the_environment_is_that_of_all_training_wherever_the_tally_is_made():
    first = add_window(None, [verdict()], [0], [GPU, GPU])
    assert first["environment"] == GPU
    second = add_window(first, [verdict()], [1], [{}, GPU])  # a range of which nothing was trained says nothing
    assert second["environment"] == GPU
    third = add_window(second, [verdict()], [2], [CPU])
    assert third["environment"] == {"device": "NVIDIA H100 | cpu", "numpy": "2.4.6"}
    assert add_window(third, [verdict()], [3], [GPU])["environment"] == third["environment"]
