"""The loss against scipy and torch, over all that a float32 logit can be."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log1p

from subject_zoo.kernels import loss as loss_kernel
from subject_zoo.training.loss import cross_entropy
from tests.compilations import compilations


def plainly(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Each row's loss, in long double."""
    z = logits.astype(np.longdouble)
    return np.maximum(z, 0) - z * labels + np.log1p(np.exp(-np.abs(z)))


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40), st.data())
def test_a_row_is_right_to_the_last_places(values, data):
    logits = np.array([values], np.float32)
    labels = np.array([data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))])
    for place in range(len(values)):
        one = cross_entropy(logits[:, [place]], labels[:, [place]])[0]
        expected = float(plainly(logits, labels)[0, place])
        assert one == pytest.approx(expected, rel=1e-15, abs=1e-300)
    mean = cross_entropy(logits, labels)[0]
    assert mean == pytest.approx(float(plainly(logits, labels).mean()), rel=1e-14, abs=1e-300)


def test_means_and_weighted_sums_are_torchs():
    rng = np.random.default_rng(0)
    for rows in (1, 7, 8, 9, 1000, 1003):
        logits, labels = (8 * rng.normal(size=(3, rows))).astype(np.float32), rng.random((3, rows)) < 0.5
        weights = rng.random(rows)
        by_torch = torch.nn.functional.binary_cross_entropy_with_logits(
            torch.from_numpy(logits).double(), torch.from_numpy(labels).double(), reduction="none"
        ).numpy()
        np.testing.assert_allclose(cross_entropy(logits, labels), by_torch.mean(1), rtol=1e-14)
        np.testing.assert_allclose(cross_entropy(logits, labels, weights), by_torch @ weights, rtol=1e-14)


def test_a_models_bits_do_not_depend_on_the_others():
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(size=(5, 77)).astype(np.float32), rng.random((5, 77)) < 0.5
    together = cross_entropy(logits, labels)
    alone = [cross_entropy(logits[[model]], labels[[model]])[0] for model in range(5)]
    assert together.tolist() == alone


def test_bits_do_not_depend_on_the_compilation(tmp_path, monkeypatch):
    rng = np.random.default_rng(2)
    logits, labels = (30 * rng.normal(size=(4, 999))).astype(np.float32), rng.random((4, 999)) < 0.5
    logits[0, :6] = [0.0, -0.0, np.inf, -np.inf, 1e-45, 3e38]
    results = {cross_entropy(logits, labels).tobytes() for _ in compilations(loss_kernel, tmp_path, monkeypatch)}
    assert len(results) == 1


def test_shapes_that_differ_never_reach_the_kernel():
    with pytest.raises(ValueError, match="not both"):
        cross_entropy(np.zeros((2, 3), np.float32), np.zeros((2, 4), bool))
    with pytest.raises(ValueError, match="not both"):
        cross_entropy(np.zeros(3, np.float32), np.zeros(3, bool))
    with pytest.raises(ValueError, match="weights not"):
        cross_entropy(np.zeros((2, 3), np.float32), np.zeros((2, 3), bool), np.zeros(2))


def test_a_certain_and_right_answer_costs_what_is_left_of_it():
    for z in (20.0, 40.0, 300.0):
        loss = cross_entropy(np.array([[z]], np.float32), np.array([[True]]))[0]
        assert loss == pytest.approx(log1p(np.exp(-z)), rel=1e-15)
