"""A view of a network is other weights of the same function, and every layer of it may look different."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.terms import ACTIVATIONS
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.text import tensor_texts
from subject_zoo.networks.views import EXACT, KINDS, SYMMETRIES, draw_view
from tests.networks.architectures import ARCHITECTURES
from tests.networks.plain_networks import logits_in_float64, make_tokens, make_weights

SEEDS = st.integers(0, 10_000)


@given(ARCHITECTURES, SEEDS)
def test_a_view_is_the_same_function(architecture, seed):
    weights, tokens = make_weights(architecture, seed), make_tokens(architecture, 50, seed)
    view = draw_view(architecture, np.random.default_rng(seed))
    shown = view.of(weights)
    assert {name: array.shape for name, array in shown.items()} == dict(architecture.tensor_shapes)
    assert all(array.dtype == np.float32 and array.flags.c_contiguous for array in shown.values())
    expected = logits_in_float64(architecture, weights, tokens)
    near = 1e-5 * max(1, np.abs(expected).max())
    np.testing.assert_allclose(logits_in_float64(architecture, shown, tokens), expected, rtol=0, atol=near)
    np.testing.assert_allclose(KernelMLP(architecture, shown).logits(tokens), expected, rtol=0, atol=10 * near)


@given(ARCHITECTURES, SEEDS)
def test_an_exact_view_prints_the_same_digits(architecture, seed):
    """At the decimals that the weights were rounded to: text of a view is text of exactly its numbers."""
    weights = make_weights(architecture, seed)
    shown = draw_view(architecture, np.random.default_rng(seed), EXACT).of(weights)
    for name, array in weights.items():
        np.testing.assert_array_equal(np.sort(np.abs(shown[name]).ravel()), np.sort(np.abs(array).ravel()))
        assert not np.signbit(shown[name][shown[name] == 0]).any()
    before, after = (tensor_texts(each, decimals=4) for each in (weights, shown))
    assert {name: len(text) for name, text in before.items()} == {name: len(text) for name, text in after.items()}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_layer_is_turned_by_what_its_activation_allows(activation):
    architecture = Architecture(7, 5, 3, 12, activation)
    view = draw_view(architecture, np.random.default_rng(0))
    assert (np.sort(view.orders, axis=1) == np.arange(12)).all()
    assert len({tuple(order) for order in view.orders.tolist()} | {tuple(range(12))}) == 4  # all four differ
    seen = {"scaling": (np.abs(view.factors) != 1).all(axis=1), "sign_flip": (view.factors < 0).any(axis=1)}
    for kind, of_layers in seen.items():
        assert of_layers.all() == of_layers.any() == (kind in SYMMETRIES[activation])


def test_kinds_that_are_not_asked_for_leave_the_weights_as_they_are():
    for activation, symmetries in SYMMETRIES.items():
        architecture = Architecture(7, 5, 3, 12, activation)
        weights, rng = make_weights(architecture), np.random.default_rng(0)
        others = {*KINDS} - {*symmetries}
        for name, array in draw_view(architecture, rng, others).of(weights).items():
            assert array.tobytes() == weights[name].tobytes()
