"""Signature methods against plain loops, numpy.linalg, numpy.fft, scipy and scikit-learn."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy as scipy_entropy
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import SIGNATURE_METHODS
from subject_zoo.signatures.extractor import ActivationSignatureExtractor

PATTERNS = ("first", "second", "third")


def probe_patterns(probes: int) -> np.ndarray:
    """Overlapping patterns, each with a probe, and at least one probe of none."""
    member = np.random.default_rng(probes).random((probes, len(PATTERNS))) < 0.3
    member[0] = True
    member[1] = False
    return member


def extractor(probes, methods=SIGNATURE_METHODS, **options):
    return ActivationSignatureExtractor(methods, probe_patterns(probes), PATTERNS, **options)


def compute(activations, methods=SIGNATURE_METHODS, **options) -> dict[str, np.ndarray]:
    """Every feature of one model [m, W] by name: {name: [W]}."""
    subject = extractor(len(activations), methods, **options)
    return dict(zip(subject.feature_names, subject.extract(activations[None])[0].T, strict=True))


def columns(features, method, count):
    return np.stack([features[f"{method}.{index}"] for index in range(count)], axis=1)


def gaussian(seed, probes, width):
    """Correlated neurons of clearly different sizes, so that no two singular values lie close together."""
    rng = np.random.default_rng(seed)
    mixed = rng.standard_normal((probes, width)) * 0.5 ** np.arange(width)
    rotation = np.linalg.qr(rng.standard_normal((width, width)))[0]
    return (mixed @ rotation + rng.standard_normal(width)).astype(np.float32)


def relu(seed, probes, width):
    return np.maximum(gaussian(seed, probes, width), 0)


def stepped(seed, probes, width):
    """Many equal values, on both sides of 0, and values on the histogram's edges."""
    return np.round(gaussian(seed, probes, width) * 4) / 4


def with_silent(seed, probes, width):
    """A constant neuron and one that never fires among the others."""
    activations = gaussian(seed, probes, width + 2)
    activations[:, 0] = np.float32(0.1)
    activations[:, -1] = 0
    return activations


layers = st.builds(
    lambda kind, seed, probes, width: kind(seed, probes, width),
    st.sampled_from([gaussian, relu, stepped, with_silent]),
    st.integers(0, 2**32 - 1),
    st.integers(2, 60),
    st.integers(1, 6),
)


# References: one neuron's activations as Python floats or float64.


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


def reference_loadings(matrix, components):
    """Right singular vectors times singular values over sqrt(m), the largest positive: [W, components]."""
    _, sizes, axes = np.linalg.svd(matrix, full_matrices=False)
    loadings = np.zeros((matrix.shape[1], components))
    for index in range(min(components, len(sizes))):
        if sizes[index] > 1e-6 * sizes[0]:
            column = axes[index] * sizes[index] / math.sqrt(len(matrix))
            loadings[:, index] = column * np.sign(column[np.abs(column).argmax()])
    return loadings


# Each method.


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=60, deadline=None)
@given(layers, st.integers(2, 20))
def test_entropy_is_that_of_the_histogram(activations, bins):
    found = compute(activations, ["entropy"], entropy_bins=bins)["entropy"]
    for neuron, values in enumerate(activations.astype(np.float64).T):
        counts = np.histogram(values, bins=bins)[0]
        assert found[neuron] == pytest.approx(scipy_entropy(counts, base=2), rel=2e-7, abs=1e-12)


floats = st.floats(width=32, min_value=-(2.0**100), max_value=2.0**100)


@settings(max_examples=100, deadline=None)
@given(arrays(np.float32, st.integers(2, 40), elements=floats), st.integers(2, 20))
def test_entropy_of_any_values(values, bins):
    found = compute(values[:, None], ["entropy"], entropy_bins=bins)["entropy"]
    if values.min() == values.max():  # numpy finds no bins around one large value
        assert found == 0
        return
    counts = np.histogram(values.astype(np.float64), bins=bins)[0]
    assert found == pytest.approx(scipy_entropy(counts, base=2), rel=2e-7, abs=1e-12)


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=60, deadline=None)
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


# What holds for all methods.

COMPARED = {"mean", "std", "max", "min", "sparsity", "pca", "svd", "entropy", "clustering", "fourier", "pattern_wise"}


def test_each_method_is_compared_with_a_reference():
    """By a test above; nothing below says that a method computes what its name says."""
    assert set(SIGNATURE_METHODS) == COMPARED, "write such a test, then name the method in COMPARED"


def test_constant_neurons():
    activations = np.full((30, 3), 0.1, dtype=np.float32)
    activations[:, 2] = -7
    features = compute(activations)
    for name in ("mean", "max", "min", "clustering.low", "clustering.high"):
        np.testing.assert_array_equal(features[name], activations[0], err_msg=name)
    for name in (*PATTERNS, "none"):
        np.testing.assert_array_equal(features[f"pattern_wise.{name}"], activations[0])
    for name in ("std", "entropy", "sparsity", "clustering.share", "pca.0", "pca.1", "fourier.0", "svd.1"):
        assert (features[name] == 0).all(), name
    np.testing.assert_allclose(features["svd.0"], [-0.1, -0.1, 7], rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([gaussian, relu]), st.integers(0, 999), st.integers(20, 60), st.integers(1, 6),
    st.integers(1, 5),
)  # fmt: skip
def test_padding_changes_nothing(kind, seed, probes, width, padding):
    activations = kind(seed, probes, width)
    plain = compute(activations)
    padded = compute(np.pad(activations, ((0, 0), (0, padding))))
    silent = compute(np.zeros((probes, 1), dtype=np.float32))
    for name, values in padded.items():
        np.testing.assert_allclose(values[:width], plain[name], rtol=1e-5, atol=1e-6, err_msg=name)
        np.testing.assert_array_equal(values[width:], silent[name].repeat(padding), err_msg=name)
        assert silent[name] == (1 if name == "sparsity" else 0)


def assorted(models, probes, width):
    """Models of all kinds: dense, sparse, stepped, narrower than the padded width, silent throughout."""
    rng = np.random.default_rng(probes * width)
    batch = rng.standard_normal((models, probes, width)).astype(np.float32)
    batch[1::5] = np.maximum(batch[1::5], 0)
    batch[2::5] = np.round(batch[2::5])
    batch[3::5, :, width // 2 :] = 0
    batch[4::10] = 0
    return batch


@pytest.mark.parametrize(("probes", "width"), [(400, 40), (401, 33), (61, 8), (150, 1), (7, 12)])
def test_bits_do_not_depend_on_the_batch(probes, width):
    batch = assorted(16, probes, width)
    subject = extractor(probes)
    alone = [subject.extract(batch[index : index + 1])[0].tobytes() for index in range(16)]
    rng = np.random.default_rng(5)
    for size in (2, 7, 16, 16, 40):
        chosen = rng.permutation(np.arange(size) % 16)
        together = subject.extract(batch[chosen])
        for place, index in enumerate(chosen):
            assert together[place].tobytes() == alone[index], (size, place, index)


@pytest.mark.parametrize("method", SIGNATURE_METHODS)
@pytest.mark.parametrize(("probes", "width"), [(400, 40), (61, 33), (150, 1)])
def test_bits_hold_before_rounding_to_float32(method, probes, width):
    # Rounding hides most differences in float64's last bits, so the kernel's own numbers are looked at as well.
    batch = assorted(16, probes, width)
    subject = extractor(probes, [method])._kernel
    together = subject.features(batch)
    assert together.dtype == np.float64
    for index in range(16):
        assert together[index].tobytes() == subject.features(batch[index : index + 1])[0].tobytes()


@pytest.mark.parametrize("method", [method for method in SIGNATURE_METHODS if method not in ("pca", "svd")])
def test_bits_do_not_depend_on_the_neurons_beside(method):
    layer = assorted(2, 90, 40).transpose(1, 0, 2).reshape(90, 80)[None]
    subject = extractor(90, [method])._kernel
    whole = subject.features(layer)
    for part in (slice(0, 1), slice(3, 10), slice(30, 80), slice(None, None, -1)):
        assert subject.features(layer[..., part]).tobytes() == whole[:, part].tobytes()


@pytest.mark.parametrize(("top", "bins"), [(25, 25), (36, 28), (39, 39)])
def test_a_constant_neighbour_does_not_move_the_histogram(top, bins):
    # Values on the edges, whose last bit decides; numpy.linspace rounds them otherwise beside a constant.
    values = np.arange(top + 1, dtype=np.float32)[:, None]
    subject = extractor(top + 1, ["entropy"], entropy_bins=bins)
    counts = np.histogram(values.astype(np.float64), bins=bins)[0]
    expected = np.float32(scipy_entropy(counts, base=2))
    found = subject.extract(np.stack([values, np.zeros_like(values)]))
    assert found[0].tobytes() == subject.extract(values[None])[0].tobytes()
    assert found[0, 0, 0] == pytest.approx(expected, rel=2e-7)


def test_bits_do_not_depend_on_earlier_calls():
    subject = extractor(61)
    batches = [assorted(6, 61, width) for width in (8, 1, 40, 3)]
    found = [subject.extract(batch) for batch in batches]
    for batch, features in zip(batches, found, strict=True):
        assert features.tobytes() == extractor(61).extract(batch).tobytes()


def test_bits_do_not_depend_on_memory_layout():
    batch = assorted(6, 90, 10)
    subject = extractor(90)
    expected = subject.extract(batch).tobytes()
    assert subject.extract(np.asfortranarray(batch)).tobytes() == expected
    assert subject.extract(batch.repeat(2, axis=2)[:, :, ::2]).tobytes() == expected
    assert subject.extract(batch.astype(np.float64)).tobytes() == expected


@pytest.mark.parametrize("method", SIGNATURE_METHODS)
def test_a_method_does_not_depend_on_the_others(method):
    batch = assorted(6, 90, 10)
    everything, single = extractor(90), extractor(90, [method])
    wanted = [everything.feature_names.index(name) for name in single.feature_names]
    assert single.extract(batch).tobytes() == everything.extract(batch)[..., wanted].tobytes()


def test_no_negative_zero_and_the_input_stays():
    batch = -np.abs(assorted(6, 90, 10))
    batch[batch == 0] = -0.0
    before = batch.tobytes()
    features = extractor(90).extract(batch)
    assert features.dtype == np.float32
    assert not np.signbit(features[features == 0]).any()
    assert batch.tobytes() == before


def test_feature_names_and_their_order():
    subject = extractor(9, ["pattern_wise", "clustering", "pca", "mean", "fourier"], components=2)
    assert subject.methods == ("mean", "pca", "clustering", "fourier", "pattern_wise")
    assert subject.feature_names == (
        "mean", "pca.0", "pca.1", "clustering.low", "clustering.high", "clustering.share", "fourier.0",
        "fourier.1", "pattern_wise.first", "pattern_wise.second", "pattern_wise.third", "pattern_wise.none",
    )  # fmt: skip
    assert subject.extract(np.zeros((2, 9, 4), dtype=np.float32)).shape == (2, 4, 12)


@pytest.mark.parametrize("methods", [SIGNATURE_METHODS, ["std"], ["pattern_wise", "svd"]])
def test_profile_names_every_feature(methods):
    subject = extractor(20, methods, components=2)
    row = subject.extract(gaussian(0, 20, 3)[None])[0, 1]
    profile = json.loads(json.dumps(subject.profile(row)))
    flat = {}
    for method, part in profile.items():
        if isinstance(part, list):
            labels = subject.list_entries.get(method, range(len(part)))
            flat |= {f"{method}.{label}": value for label, value in zip(labels, part, strict=True)}
        else:
            flat[method] = part
    assert tuple(flat) == subject.feature_names
    assert list(flat.values()) == row.tolist()
    assert subject.profile(row.tolist()) == profile


def test_columns_are_those_of_the_methods_named():
    subject = extractor(20, ["mean", "std", "pca", "clustering"], components=2)
    assert subject.columns(["pca", "mean"]) == [0, 2, 3]
    assert subject.columns(["clustering"]) == [4, 5, 6]
    assert subject.columns(["entropy"]) == []


def test_profile_has_the_records_shape():
    subject = extractor(20, ["mean", "pca", "clustering", "pattern_wise"], components=2)
    assert subject.profile([1.5, 2, 3, 4, 5, 0.5, 6, 7, 8, 9]) == {
        "mean": 1.5,
        "pca": [2, 3],
        "clustering": [4, 5, 0.5],
        "pattern_wise": [6, 7, 8, 9],
    }
    assert subject.list_entries == {
        "clustering": ["low", "high", "share"],
        "pattern_wise": ["first", "second", "third", "none"],
    }
    with pytest.raises(ValueError, match="9 features, expected 10"):
        subject.profile([0.0] * 9)


@pytest.mark.parametrize(
    ("methods", "options", "message"),
    [
        (["mean", "median"], {}, "signature.methods.*median"),
        ([], {}, "signature.methods"),
        (["pca"], {"components": 0}, "signature.components"),
        (["entropy"], {"entropy_bins": 1}, "signature.entropy_bins"),
    ],
)
def test_bad_settings(methods, options, message):
    with pytest.raises(UserError, match=message):
        extractor(10, methods, **options)


def test_a_pattern_without_probes():
    member = probe_patterns(10)
    member[:, 1] = False
    with pytest.raises(UserError, match=r"pattern_wise\.second"):
        ActivationSignatureExtractor(["pattern_wise"], member, PATTERNS)
    ActivationSignatureExtractor(["mean"], member, PATTERNS)
    with pytest.raises(UserError, match=r"pattern_wise\.none"):
        ActivationSignatureExtractor(["pattern_wise"], np.ones((10, 3), dtype=bool), PATTERNS)


def test_bad_probes():
    with pytest.raises(ValueError, match="expected"):
        ActivationSignatureExtractor(["mean"], np.ones((10, 2), dtype=bool), PATTERNS)
    with pytest.raises(UserError, match="probes"):
        ActivationSignatureExtractor(["mean"], np.ones((1, 3), dtype=bool), PATTERNS)


@pytest.mark.parametrize("values", [[np.nan], [np.inf], [-np.inf], [np.inf, -np.inf]])
@pytest.mark.parametrize("methods", [SIGNATURE_METHODS, ["max"]])
@pytest.mark.filterwarnings("error")
def test_activations_must_be_finite(values, methods):
    activations = np.zeros((2, 10, 3), dtype=np.float32)
    activations[1, 4 : 4 + len(values), 2] = values
    with pytest.raises(ValueError, match="NaN or infinity"):
        extractor(10, methods).extract(activations)


@pytest.mark.filterwarnings("error")
def test_the_largest_floats_are_finite():
    largest = np.finfo(np.float32).max
    activations = np.full((1, 10, 2), largest)
    activations[:, ::2, 1] = -largest
    features = extractor(10).extract(activations)
    assert np.isfinite(features).all()
    assert features[0, 0, 0] == largest


@pytest.mark.parametrize("shape", [(10, 3), (2, 9, 3), (2, 3, 10)])
def test_activations_must_have_the_probes(shape):
    with pytest.raises(ValueError, match="expected"):
        extractor(10).extract(np.zeros(shape, dtype=np.float32))


def test_the_module_needs_no_torch():
    code = "import sys, subject_zoo.signatures.extractor; sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
