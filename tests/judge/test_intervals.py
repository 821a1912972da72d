"""Intervals against scipy, scikit-learn and what they promise."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from subject_zoo.judge.intervals import f1_intervals, mean_interval, share_interval


@pytest.mark.parametrize(("right", "count"), [(0, 10), (10, 10), (3, 7), (178, 200), (1, 2000)])
def test_shares_are_scipys_wilson(right, count):
    expected = stats.binomtest(right, count).proportion_ci(method="wilson")
    share, low, high = share_interval(right, count)
    assert share == right / count
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_means_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        value, low, high = mean_interval((rng.random(150) < 0.3).astype(float))
        assert low <= value <= high
        covered += low <= 0.3 <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_f1_is_scikit_learns():
    rng = np.random.default_rng(1)
    true, named = rng.random((300, 6)) < 0.4, rng.random((300, 6)) < 0.4
    named[::2] = true[::2]
    found = f1_intervals(true, named)
    for average in ("micro", "macro"):
        value, low, high = found[f"{average}_f1"]
        assert value == pytest.approx(f1_score(true, named, average=average))
        assert low < value < high


def test_patterns_that_nobody_names_or_has_do_not_count():
    true, named = np.zeros((4, 3), bool), np.zeros((4, 3), bool)
    true[:, 0] = named[:, 0] = True
    assert f1_intervals(true, named)["macro_f1"] == (1.0, 1.0, 1.0)


def test_no_records_have_no_figures():
    assert all(math.isnan(part) for part in (*mean_interval(np.zeros(0)), *share_interval(0, 0)))


def test_a_perfect_answer_has_no_interval_below_one_though_patterns_are_rare():
    """A resample may lack a pattern: it then says nothing of it, rather than that it was missed."""
    true = np.eye(6, dtype=bool)
    for value, low, high in f1_intervals(true, true).values():
        assert (value, low, high) == (1, 1, 1)
