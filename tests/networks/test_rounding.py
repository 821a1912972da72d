"""Every scheme against a plain loop, and what is left of weights once they are publishable."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from subject_zoo.base.json_text import json_object
from subject_zoo.networks.rounding import publishable, quantize
from subject_zoo.networks.text import tensor_texts

SCHEMES = ("int8", "int4", "ternary", "binary")
MOST_LEVELS = {"int8": 255, "int4": 15, "ternary": 3, "binary": 2}
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}

# Multiples of 1/64 sum without rounding in float64, whatever the order: means and scales are exact.
exact_matrices = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=8),
    elements=st.integers(-1000, 1000).map(lambda n: n / 64),
)
matrices = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=8),
    elements=st.floats(-(2.0**40), 2.0**40, width=32),
)


def quantize_plainly(rows: list[list[float]], scheme: str) -> list[list[float]]:
    """The schemes' formulas on Python floats, one number at a time."""
    numbers = [number for row in rows for number in row]
    if scheme in ("int8", "int4"):
        largest = {"int8": 127, "int4": 7}[scheme]
        scale = max(abs(number) for number in numbers) / largest
        code = lambda number: round(number / scale) if scale else 0  # noqa: E731
        return [[code(number) * scale for number in row] for row in rows]
    mean = math.fsum(abs(number) for number in numbers) / len(numbers)
    if scheme == "binary":
        return [[-mean if number < 0 else mean for number in row] for row in rows]
    kept = [abs(number) for number in numbers if abs(number) > 0.7 * mean]
    scale = math.fsum(kept) / len(kept) if kept else 0.0
    sign = lambda number: math.copysign(scale, number) if abs(number) > 0.7 * mean else 0.0  # noqa: E731
    return [[sign(number) for number in row] for row in rows]


@pytest.mark.parametrize("scheme", SCHEMES)
@given(weight=exact_matrices)
def test_equals_a_plain_loop(scheme, weight):
    quantized = quantize(weight, scheme)
    assert quantized.dtype == np.float32
    assert quantized.shape == weight.shape
    expected = np.array(quantize_plainly(weight.astype(float).tolist(), scheme), np.float32)
    np.testing.assert_array_equal(quantized, expected)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_equals_a_plain_loop_for_weights_as_they_are_trained(scheme):
    weight = np.random.default_rng(1).normal(0, 0.3, (32, 49)).astype(np.float32)
    expected = quantize_plainly(weight.astype(float).tolist(), scheme)
    np.testing.assert_allclose(quantize(weight, scheme), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("scheme", ["int8", "int4"])
@given(weight=matrices)
def test_integers_are_within_half_a_step_and_keep_the_extreme(scheme, weight):
    largest = {"int8": 127, "int4": 7}[scheme]
    quantized, magnitude = quantize(weight, scheme), np.abs(weight.astype(np.float64)).max()
    assert np.abs(quantized.astype(np.float64) - weight).max() <= magnitude / largest * 0.5000001
    assert np.abs(quantized).max() == np.float32(magnitude)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(weight=matrices)
def test_no_more_levels_than_the_scheme_has(scheme, weight):
    levels = np.unique(quantize(weight, scheme))
    assert len(levels) <= MOST_LEVELS[scheme]
    assert np.isfinite(levels).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_large_matrix_uses_the_levels(scheme):
    weight = np.random.default_rng(2).uniform(-0.5, 0.5, (100, 100)).astype(np.float32)
    levels = np.unique(quantize(weight, scheme))
    assert len(levels) == MOST_LEVELS[scheme]
    np.testing.assert_array_equal(levels, -levels[::-1])


@pytest.mark.parametrize("scheme", ["none", *SCHEMES])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (24, 49)])
def test_zeros_stay_zeros(scheme, shape):
    quantized = quantize(np.zeros(shape, np.float32), scheme)
    np.testing.assert_array_equal(quantized, np.zeros(shape, np.float32))


@pytest.mark.parametrize("scheme", ["none", *SCHEMES])
def test_equal_magnitudes_are_on_every_grid(scheme):
    weight = np.array([[0.25, -0.25], [-0.25, 0.25]], np.float32)
    np.testing.assert_array_equal(quantize(weight, scheme), weight)


def test_the_sign_of_zero_is_plus_in_binary():
    np.testing.assert_array_equal(quantize(np.array([[0.0, -3.0]], np.float32), "binary"), [[1.5, -1.5]])


def make_weights(scale: float = 0.3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    shapes = {"weight": (12, 20), "bias": (12,)}
    return {
        f"network.{layer}.{part}": rng.normal(0, scale, shape).astype(np.float32)
        for layer in (0, 2)
        for part, shape in shapes.items()
    }


@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("scheme", ["none", *SCHEMES])
def test_published_weights_are_quantized_then_rounded(scheme, precision):
    weights = make_weights()
    before = {name: array.copy() for name, array in weights.items()}
    published = publishable(weights, scheme, precision, None)
    assert list(published) == list(weights)
    for name, array in weights.items():
        np.testing.assert_array_equal(array, before[name])
        expected = quantize(array, scheme) if name.endswith("weight") else array
        expected = torch.from_numpy(expected).to(DTYPES[precision]).float().numpy()
        assert published[name].dtype == np.float32
        np.testing.assert_array_equal(published[name], expected)


@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("decimals", [2, 4, 7])
def test_published_weights_are_nearest_to_their_decimals(precision, decimals):
    for name, array in publishable(make_weights(), "none", precision, decimals).items():
        single = torch.from_numpy(make_weights()[name]).to(DTYPES[precision]).double().numpy()
        decimal = np.array([round(number, decimals) for number in single.ravel().tolist()])
        expected = torch.tensor(decimal, dtype=DTYPES[precision]).float().numpy()
        np.testing.assert_array_equal(array.ravel(), expected)


@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("decimals", [None, 1, 4])
def test_text_has_no_more_levels_than_the_scheme(scheme, precision, decimals):
    published = publishable(make_weights(), scheme, precision, decimals)
    text = json.loads(json_object(tensor_texts(published, decimals)), parse_float=str)
    for name, rows in text.items():
        if name.endswith("weight"):
            assert len({number for row in rows for number in row}) <= MOST_LEVELS[scheme]


@given(
    values=hnp.arrays(np.float32, 20, elements=st.floats(-1000, 1000, width=32)),
    precision=st.sampled_from(sorted(DTYPES)),
    decimals=st.none() | st.integers(1, 9),
)
def test_publishing_twice_changes_nothing_and_no_zero_is_negative(values, precision, decimals):
    once = publishable({"network.0.bias": values}, "none", precision, decimals)
    twice = publishable(once, "none", precision, decimals)
    np.testing.assert_array_equal(once["network.0.bias"], twice["network.0.bias"])
    assert not np.signbit(once["network.0.bias"][once["network.0.bias"] == 0]).any()
