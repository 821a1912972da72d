"""Leading directions against numpy's singular value decomposition of the rows themselves."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subject_zoo.leading_directions import loadings
from subject_zoo.signatures import _COMPUTE, ActivationSignatureExtractor

COMPONENTS = 3


def measured(activations):
    """Activations float32 [m, W] -> {method: (rows float64 [m, W], loadings float64 [W, components])}."""
    probes = len(activations)
    subject = ActivationSignatureExtractor(["pca", "svd"], np.zeros((probes, 0), dtype=bool), (), COMPONENTS)
    layer = subject._rows(activations[None])
    wide = activations.astype(np.float64)
    rows = {"pca": wide - wide.mean(axis=0), "svd": wide}
    return {method: (rows[method], _COMPUTE[method](subject, layer)[0]) for method in rows}


def check(rows, found, scale_tolerance=1e-12):
    """What defines loadings L: L^T L holds the largest eigenvalues of G = rows^T rows / m, and G L = L (L^T L)."""
    probes = len(rows)
    spectrum = np.linalg.svd(rows, compute_uv=False) ** 2 / probes
    kept = min(COMPONENTS, len(spectrum))
    top = np.where(spectrum > 1e-12 * spectrum[0], spectrum, 0)[:kept]
    expected = np.zeros(COMPONENTS)
    expected[:kept] = top
    tolerance = scale_tolerance * spectrum[0]
    assert np.abs(found.T @ found - np.diag(expected)).max() <= tolerance
    assert np.abs(rows.T @ (rows @ found) / probes - found * expected).max() <= tolerance * math.sqrt(spectrum[0])
    for column in found.T[expected > 0]:
        assert column[np.abs(column).argmax()] > 0
    assert (found[(rows == 0).all(axis=0)] == 0).all()


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(2, 90), st.integers(1, 40), st.integers(0, 3),
    st.sampled_from([0.0, 1.0, -1000.0]), st.booleans(),
)  # fmt: skip
def test_any_layer(seed, probes, width, constants, offset, rectified):
    rng = np.random.default_rng(seed)
    activations = rng.standard_normal((probes, width)) * 10.0 ** rng.uniform(-3, 1, width) + offset
    if rectified:
        activations = np.maximum(activations, 0)
    activations[:, :constants] = np.array([0.0, 0.1, 5.0])[: min(constants, width)]
    for rows, found in measured(activations.astype(np.float32)).values():
        # pca of a large offset: the reference centres float64 values whose own rounding is of the offset's size.
        if rows.any():
            check(rows, found, 1e-11)


@pytest.mark.parametrize("gap", [0.0, 1e-14, 1e-12, 1e-10, 1e-8, 1e-4])
@pytest.mark.parametrize("width", [3, 4, 25, 40])
def test_nearly_equal_eigenvalues(gap, width):
    rng = np.random.default_rng(width)
    axes = np.linalg.qr(rng.standard_normal((width, width)))[0]
    spectrum = np.concatenate([[1 + gap, 1, 1 - gap], 0.9 ** np.arange(1, width - 2)])[:width]
    found = loadings(((axes * spectrum) @ axes.T)[None], COMPONENTS)[0]
    assert np.abs(found.T @ found - np.diag(spectrum[:COMPONENTS])).max() <= 1e-13
    projected = found / np.sqrt(spectrum[:COMPONENTS])
    span = axes[:, :COMPONENTS]
    assert np.abs(projected @ projected.T - span @ span.T).max() <= 1e-12


@pytest.mark.parametrize("rank", [1, 2, 3, 5])
@pytest.mark.parametrize("probes", [386, 387])
def test_rank_deficient_layers(rank, probes):
    rng = np.random.default_rng(rank)
    # Small whole numbers, so that the product is exact in float32 and its rank is what it seems.
    activations = rng.integers(-9, 10, (probes, rank)) @ rng.integers(-9, 10, (rank, 40))
    rows, found = measured(activations.astype(np.float32))["svd"]
    check(rows, found)
    assert (found[:, rank:] == 0).all()
    assert (np.abs(found[:, :rank]).max(axis=0) > 0).all()


def test_a_mean_far_above_the_spread():
    rng = np.random.default_rng(0)
    activations = (100 + 1e-3 * rng.standard_normal((387, 30)) * 0.5 ** np.arange(30)).astype(np.float32)
    for rows, found in measured(activations).values():
        check(rows, found)


def test_no_layers():
    assert loadings(np.zeros((0, 4, 4)), COMPONENTS).shape == (0, 4, COMPONENTS)
