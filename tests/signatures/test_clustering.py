"""Two means, against the best of all cuts and scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.cluster import KMeans

from tests.signatures.activations import compute, gaussian, layers, relu, stepped


def reference_two_means(values):
    """The best of all cuts of the sorted values, by its sum of squared errors: (error, low, high, share)."""
    values = sorted(values)

    def error(part):
        centre = math.fsum(part) / len(part)
        return math.fsum((value - centre) ** 2 for value in part)

    best = None
    for cut in range(1, len(values)):
        low, high = values[:cut], values[cut:]
        total = error(low) + error(high)
        if best is None or total < best[0]:
            best = total, math.fsum(low) / len(low), math.fsum(high) / len(high), len(high) / len(values)
    return best


@settings(max_examples=60)
@given(layers)
def test_clustering_is_the_best_cut(activations):
    features = compute(activations, ["clustering"])
    for neuron, values in enumerate(activations.T.tolist()):
        found = [float(features[f"clustering.{name}"][neuron]) for name in ("low", "high", "share")]
        if min(values) == max(values):
            assert found == [values[0], values[0], 0]
            continue
        error, low, high, share = reference_two_means(values)
        if found[2] == pytest.approx(share):
            assert found[:2] == pytest.approx([low, high], rel=1e-6, abs=1e-6)
        else:  # two cuts of equal error: the same error, by the cut that was found
            ordered = sorted(values)
            cut = round((1 - found[2]) * len(values))
            parts = ordered[:cut], ordered[cut:]
            again = sum(float(np.var(part)) * len(part) for part in parts)
            assert again == pytest.approx(error, rel=1e-6)
            assert found[:2] == pytest.approx([np.mean(part) for part in parts], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("probes", [386, 387])
@pytest.mark.parametrize("offset", [0, 1000])
def test_clustering_at_the_pipelines_sizes(probes, offset):
    activations = (gaussian(probes, probes, 6) + offset).astype(np.float32)
    features = compute(activations, ["clustering"])
    for neuron, values in enumerate(activations.T.tolist()):
        _, low, high, share = reference_two_means(values)
        found = [float(features[f"clustering.{name}"][neuron]) for name in ("low", "high", "share")]
        assert found == pytest.approx([low, high, share], rel=1e-6, abs=1e-6)


def test_clustering_agrees_with_kmeans():
    for seed, kind in enumerate([gaussian, relu, stepped]):
        values = kind(seed, 80, 1)
        model = KMeans(2, n_init=20, random_state=0).fit(values.astype(np.float64))
        high = model.cluster_centers_[:, 0].argmax()
        expected = [*sorted(model.cluster_centers_[:, 0]), (model.labels_ == high).mean()]
        features = compute(values, ["clustering"])
        found = [features[f"clustering.{name}"][0] for name in ("low", "high", "share")]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_clustering_ties_go_to_the_smaller_low_cluster():
    values = np.array([[1.0], [-1.0], [0.0]], dtype=np.float32)
    features = compute(values, ["clustering"])
    assert features["clustering.low"] == -1
    assert features["clustering.high"] == 0.5
    assert features["clustering.share"] == np.float32(2 / 3)
