"""Principal components and singular vectors, against numpy.linalg and scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from tests.signatures.activations import columns, compute, gaussian, relu, with_silent


def reference_loadings(matrix, components):
    """Right singular vectors times singular values over sqrt(m), the largest positive: [W, components]."""
    _, sizes, axes = np.linalg.svd(matrix, full_matrices=False)
    loadings = np.zeros((matrix.shape[1], components))
    for index in range(min(components, len(sizes))):
        if sizes[index] > 1e-6 * sizes[0]:
            column = axes[index] * sizes[index] / math.sqrt(len(matrix))
            loadings[:, index] = column * np.sign(column[np.abs(column).argmax()])
    return loadings


@settings(max_examples=60)
@given(st.sampled_from([gaussian, with_silent]), st.integers(0, 999), st.integers(20, 60), st.integers(1, 6))
def test_pca_and_svd_are_the_scaled_singular_vectors(kind, seed, probes, width):
    activations = kind(seed, probes, width)
    features = compute(activations, ["pca", "svd"], components=4)
    wide = activations.astype(np.float64)
    for method, matrix in {"pca": wide - wide.mean(axis=0), "svd": wide}.items():
        expected = reference_loadings(matrix, 4)
        np.testing.assert_allclose(columns(features, method, 4), expected, rtol=1e-5, atol=1e-6)


def test_pca_agrees_with_scikit_learn():
    activations = gaussian(3, 50, 5)
    model = PCA(3).fit(activations.astype(np.float64))
    population = model.explained_variance_ * (len(activations) - 1) / len(activations)
    expected = model.components_.T * np.sqrt(population)
    expected *= np.sign(expected[np.abs(expected).argmax(axis=0), range(3)])
    np.testing.assert_allclose(columns(compute(activations), "pca", 3), expected, rtol=1e-5, atol=1e-7)


def test_all_components_restore_variance_and_mean_square():
    activations = gaussian(4, 30, 5)
    features = compute(activations, components=5)
    wide = activations.astype(np.float64)
    np.testing.assert_allclose((columns(features, "pca", 5) ** 2).sum(axis=1), wide.var(axis=0), rtol=1e-5)
    np.testing.assert_allclose((columns(features, "svd", 5) ** 2).sum(axis=1), (wide**2).mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("width", [1, 2, 6])
def test_components_beyond_the_rank_are_exactly_zero(width):
    rng = np.random.default_rng(0)
    rank = min(width, 2)
    activations = (rng.standard_normal((40, 2)) @ rng.standard_normal((2, width))).astype(np.float32)
    features = compute(activations, components=5)
    for method in ("pca", "svd"):
        found = columns(features, method, 5)
        assert (np.abs(found[:, :rank]).max(axis=0) > 0).all()
        assert (found[:, rank:] == 0).all()


def test_fewer_probes_than_neurons():
    activations = np.random.default_rng(1).standard_normal((4, 9)).astype(np.float32)
    features = compute(activations, components=6)
    wide = activations.astype(np.float64)
    expected = reference_loadings(wide - wide.mean(axis=0), 6)
    np.testing.assert_allclose(columns(features, "pca", 6), expected, rtol=1e-4, atol=1e-6)
    assert (columns(features, "pca", 6)[:, 3:] == 0).all()
    assert (columns(features, "svd", 6)[:, 4:] == 0).all()


def test_silent_neurons_have_exactly_no_loading():
    activations = np.concatenate([relu(seed, 50, 20) for seed in range(3)], axis=1)
    activations[:, ::3] = 0
    features = compute(activations)
    for method in ("pca", "svd"):
        found = columns(features, method, 3)
        np.testing.assert_array_equal((found != 0).all(axis=1), activations.any(axis=0))
        np.testing.assert_array_equal((found != 0).any(axis=1), activations.any(axis=0))


@pytest.mark.parametrize("seed", range(20))
def test_the_first_of_mirrored_neurons_is_positive(seed):
    values = gaussian(seed, 40, 1)
    found = columns(compute(np.hstack([values, -values, values * np.float32(0.5)])), "pca", 1)[:, 0]
    assert found[0] > 0
    np.testing.assert_allclose(found / found[0], [1, -1, 0.5], rtol=1e-6)
