"""Moments, patterns' means, spectra and histograms, against plain loops, numpy.fft and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy as scipy_entropy

from tests.signatures.activations import PATTERNS, columns, compute, layers, probe_patterns


@settings(max_examples=60)
@given(layers)
def test_moments_and_extremes(activations):
    features = compute(activations, ["mean", "std", "max", "min", "sparsity"])
    for neuron, values in enumerate(activations.T.tolist()):
        mean = math.fsum(values) / len(values)
        spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
        silent = sum(abs(value) <= 1e-3 for value in values) / len(values)
        expected = {"mean": mean, "std": spread, "max": max(values), "min": min(values), "sparsity": silent}
        for name, value in expected.items():
            assert features[name][neuron] == pytest.approx(value, rel=2e-7, abs=1e-12), name


def test_sparsity_compares_in_float32():
    edge = np.float32(1e-3)
    values = np.array([edge, -edge, np.nextafter(edge, np.float32(1)), 0, 1], dtype=np.float32)
    assert compute(values[:, None], ["sparsity"])["sparsity"] == np.float32(3 / 5)


@settings(max_examples=60)
@given(layers)
def test_pattern_wise(activations):
    features = compute(activations, ["pattern_wise"])
    member = probe_patterns(len(activations))
    for neuron, values in enumerate(activations.T.tolist()):
        groups = {
            name: [value for value, row in zip(values, member, strict=True) if row[index]]
            for index, name in enumerate(PATTERNS)
        }
        groups["none"] = [value for value, row in zip(values, member, strict=True) if not any(row)]
        for name, group in groups.items():
            expected = math.fsum(group) / len(group)
            assert features[f"pattern_wise.{name}"][neuron] == pytest.approx(expected, rel=2e-7, abs=1e-9)


@settings(max_examples=60)
@given(layers, st.integers(1, 40))
def test_fourier_is_the_scaled_rfft(activations, components):
    probes = len(activations)
    found = columns(compute(activations, ["fourier"], components=components), "fourier", components)
    wide = activations.astype(np.float64)
    spectrum = 2 * np.abs(np.fft.rfft(wide - wide.mean(axis=0), axis=0)) / probes
    expected = np.zeros((activations.shape[1], components))
    present = min(components, probes // 2)
    expected[:, :present] = spectrum[1 : present + 1].T
    np.testing.assert_allclose(found, expected, rtol=2e-7, atol=1e-12)
    assert (found[:, present:] == 0).all()


def test_fourier_reads_the_amplitude_of_a_sinusoid():
    position = np.arange(50)
    wave = (7 + 3 * np.sin(2 * np.pi * 2 * position / 50 + 0.4)).astype(np.float32)
    found = columns(compute(wave[:, None], ["fourier"]), "fourier", 3)[0]
    np.testing.assert_allclose(found, [0, 3, 0], atol=1e-6)


@settings(max_examples=60)
@given(layers, st.integers(2, 20))
def test_entropy_is_that_of_the_histogram(activations, bins):
    found = compute(activations, ["entropy"], entropy_bins=bins)["entropy"]
    for neuron, values in enumerate(activations.astype(np.float64).T):
        counts = np.histogram(values, bins=bins)[0]
        assert found[neuron] == pytest.approx(scipy_entropy(counts, base=2), rel=2e-7, abs=1e-12)


floats = st.floats(width=32, min_value=-(2.0**100), max_value=2.0**100)


@settings(max_examples=100)
@given(arrays(np.float32, st.integers(2, 40), elements=floats), st.integers(2, 20))
def test_entropy_of_any_values(values, bins):
    found = compute(values[:, None], ["entropy"], entropy_bins=bins)["entropy"]
    if values.min() == values.max():  # numpy finds no bins around one large value
        assert found == 0
        return
    counts = np.histogram(values.astype(np.float64), bins=bins)[0]
    assert found == pytest.approx(scipy_entropy(counts, base=2), rel=2e-7, abs=1e-12)


@settings(max_examples=60)
@given(st.lists(st.integers(-3, 9), min_size=2, max_size=40), st.sampled_from([1.0, -1.0, 0.1]), st.integers(2, 20))
def test_entropy_where_edges_lie_between_neighbouring_floats(steps, origin, bins):
    origin = np.float32(origin)
    values = (origin + np.array(steps) * np.spacing(origin)).astype(np.float32)
    found = compute(values[:, None], ["entropy"], entropy_bins=bins)["entropy"]
    counts = np.histogram(values.astype(np.float64), bins=bins)[0] if np.ptp(values) else [1]
    assert found == pytest.approx(scipy_entropy(counts, base=2), rel=2e-7, abs=1e-12)


def test_entropy_has_numpys_edges():
    # 0 ... 16 in 16 bins: every value is an edge, and the last bin alone holds two.
    values = np.arange(17, dtype=np.float32)[:, None]
    assert compute(values, ["entropy"])["entropy"] == pytest.approx(scipy_entropy([1] * 15 + [2], base=2), rel=1e-6)
