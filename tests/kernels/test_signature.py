"""The kernel's loadings against numpy's decomposition of the rows themselves, and bits that its source decides."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subject_zoo.base.terms import SIGNATURE_METHODS
from subject_zoo.kernels import signature as signature_kernel
from subject_zoo.kernels.signature import SignatureKernel
from subject_zoo.signatures.extractor import RANK_TOLERANCE, TIE_TOLERANCE, ActivationSignatureExtractor
from subject_zoo.signatures.features import feature_names
from tests.compilations import compilations

COMPONENTS = 3


def measured(activations):
    """Activations float32 [m, W] -> {method: (rows float64 [m, W], loadings float64 [W, components])}."""
    subject = ActivationSignatureExtractor(["pca", "svd"], np.zeros((len(activations), 0), dtype=bool), (), COMPONENTS)
    found = np.split(subject._kernel.features(activations[None])[0], 2, axis=1)
    wide = activations.astype(np.float64)
    return {"pca": (wide - wide.mean(axis=0), found[0]), "svd": (wide, found[1])}


def check(rows, found, scale_tolerance=1e-12):
    """What defines loadings L: L^T L holds the largest eigenvalues of G = rows^T rows / m, and G L = L (L^T L)."""
    probes = len(rows)
    spectrum = np.linalg.svd(rows, compute_uv=False) ** 2 / probes
    kept = min(COMPONENTS, len(spectrum))
    top = np.where(spectrum > RANK_TOLERANCE * spectrum[0], spectrum, 0)[:kept]
    expected = np.zeros(COMPONENTS)
    expected[:kept] = top
    tolerance = scale_tolerance * spectrum[0]
    assert np.abs(found.T @ found - np.diag(expected)).max() <= tolerance
    assert np.abs(rows.T @ (rows @ found) / probes - found * expected).max() <= tolerance * math.sqrt(spectrum[0])
    for column in found.T[expected > 0]:
        assert column[(np.abs(column) >= np.abs(column).max() * (1 - TIE_TOLERANCE)).argmax()] > 0
    assert (found[(rows == 0).all(axis=0)] == 0).all()


@settings(max_examples=80)
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


def orthogonal(width):
    """Whole numbers, +-1, by J. J. Sylvester's construction: products of such columns are exact."""
    axes = np.ones((1, 1))
    while len(axes) < width:
        axes = np.kron([[1, 1], [1, -1]], axes)
    return axes


@pytest.mark.parametrize("gap", [0.0, 1e-14, 1e-12, 1e-10, 1e-8, 1e-4])
@pytest.mark.parametrize("width", [2, 4, 16, 32, 64])
def test_nearly_equal_eigenvalues(gap, width):
    axes, sizes = orthogonal(width), np.full(width, 8.0)
    sizes[COMPONENTS:] = 7 * 0.5 ** np.arange(width - COMPONENTS)  # two equal eigenvalues, or three, are the largest
    half = (axes * sizes) @ axes.T
    apart = np.sqrt(gap * width) * 8 * axes[:1]  # raises one of them by the gap
    activations = np.concatenate([half, -half, apart, -apart]).astype(np.float32)
    for rows, found in measured(activations).values():
        check(rows, found)
        kept = min(COMPONENTS, width)
        directions = found[:, :kept] / np.sqrt((found[:, :kept] ** 2).sum(axis=0))
        span = axes[:, :kept] / math.sqrt(width)
        assert np.abs(directions @ directions.T - span @ span.T).max() <= 1e-12


@pytest.mark.parametrize("width", [1, 7, 8, 9, 33, 256])
def test_loadings_equal_numpys(width):
    rng = np.random.default_rng(width)
    mixed = rng.standard_normal((387, width)) * 0.8 ** np.arange(width)
    activations = (mixed @ np.linalg.qr(rng.standard_normal((width, width)))[0] + 0.1).astype(np.float32)
    for rows, found in measured(activations).values():
        check(rows, found)
        _, sizes, axes = np.linalg.svd(rows, full_matrices=False)
        kept = min(COMPONENTS, width)
        expected = axes[:kept].T * sizes[:kept] / math.sqrt(len(rows))
        expected *= np.sign(expected[np.abs(expected).argmax(axis=0), range(kept)])
        np.testing.assert_allclose(found[:, :kept], expected, rtol=0, atol=1e-10)


def test_all_directions_of_a_wide_layer():
    activations = np.random.default_rng(3).standard_normal((300, 256)).astype(np.float32)
    subject = ActivationSignatureExtractor(["svd"], np.zeros((300, 0), dtype=bool), (), 256)
    found = subject._kernel.features(activations[None])[0]
    products = activations.astype(np.float64).T @ activations.astype(np.float64) / 300
    np.testing.assert_allclose(found @ found.T, products, rtol=0, atol=1e-12)
    np.testing.assert_allclose((found**2).sum(axis=0), np.linalg.eigvalsh(products)[::-1], rtol=1e-11)


@pytest.mark.parametrize("exponent", [-149, -60, 100])
def test_loadings_scale_with_the_activations(exponent):
    # By a power of two, which rounds nothing: no square in between is too small or too large.
    activations = np.random.default_rng(4).integers(-9, 10, (50, 11)).astype(np.float32)
    activations[:, 3:5] = [0, 7]
    plain, scaled = measured(activations), measured(np.ldexp(activations, exponent))
    for method, (_, found) in plain.items():
        assert np.ldexp(found, exponent).tobytes() == scaled[method][1].tobytes()


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


def make_kernel(probes, methods=SIGNATURE_METHODS, **options):
    member = np.stack([np.arange(probes) % 2 == 0, np.arange(probes) == 0], axis=1)
    return ActivationSignatureExtractor(methods, member, ("first", "second"), **options)._kernel


@pytest.mark.parametrize("shape", [(0, 9, 4), (3, 9, 0)])
def test_no_layers_and_no_neurons(shape):
    features = len(feature_names(SIGNATURE_METHODS, ("first", "second"), COMPONENTS))
    assert make_kernel(9).features(np.zeros(shape, np.float32)).shape == (shape[0], shape[2], features)


def test_bits_do_not_depend_on_the_compilation(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    layers = []
    for probes, width, options in (
        (2, 1, {}),
        (31, 7, {"entropy_bins": 2}),
        (32, 8, {"components": 1}),
        (100, 9, {"components": 12, "entropy_bins": 40}),
        (387, 33, {}),
        (387, 97, {"entropy_bins": 7}),
    ):
        activations = rng.standard_normal((4, probes, width)).astype(np.float32) + 0.3
        activations[1] = np.maximum(activations[1], 0)
        activations[2] = np.round(activations[2] * 2) * -0.5  # among them -0
        activations[3, :, ::3] = 0
        layers.append((activations, options))
    results = []
    for _ in compilations(signature_kernel, tmp_path, monkeypatch):
        results.append([make_kernel(a.shape[1], **options).features(a).tobytes() for a, options in layers])
    assert len(results) > 1
    assert all(made == results[0] for made in results)


@pytest.mark.parametrize(
    "activations",
    [
        np.zeros((9, 3), np.float32),
        np.zeros((2, 8, 3), np.float32),
        np.zeros((2, 3, 9), np.float32),
        np.zeros((2, 9, 3, 1), np.float32),
        np.zeros((2, 9, 3), np.float64),
    ],
)
def test_what_are_no_activations_never_reaches_the_kernel(activations, monkeypatch):
    kernel = make_kernel(9)
    monkeypatch.setattr(signature_kernel, "_kernel", None)
    with pytest.raises(ValueError, match=r"expected float32 \[k, 9, W\]"):
        kernel.features(activations)


def test_tables_that_do_not_fit_never_reach_the_kernel():
    tables = {
        "groups": np.zeros((9, 2)),
        "waves": np.zeros((9, 6)),
        "information": np.zeros(10),
        "cut_weights": np.zeros(8),
    }
    others = {"bins": 4, "silent": 0.0, "rank_tolerance": 0.0, "tie_tolerance": 0.0}
    SignatureKernel(SIGNATURE_METHODS, **tables, **others)
    for name, table in tables.items():
        with pytest.raises(ValueError, match=r"not for [89] probes"):
            SignatureKernel(SIGNATURE_METHODS, **{**tables, name: table[:-1]}, **others)


def test_eigenvalues_that_are_not_found(monkeypatch):
    library = SimpleNamespace(scratch_doubles=lambda *_: 1, sign_layers=lambda *_: 2)
    monkeypatch.setattr(signature_kernel, "_kernel", lambda: library)
    with pytest.raises(np.linalg.LinAlgError, match="eigenvalues"):
        make_kernel(9).features(np.zeros((1, 9, 3), np.float32))
