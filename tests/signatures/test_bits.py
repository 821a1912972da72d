"""A signature's bits depend on nothing but the neuron's layer: not on padding, batches, memory or other methods."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy

from subject_zoo.base.terms import SIGNATURE_METHODS
from tests.signatures.activations import assorted, compute, extractor, gaussian, relu


@settings(max_examples=40)
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
