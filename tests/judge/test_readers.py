"""What reads networks on the ladder: the same whatever the order of neurons, and what it learns is there to learn."""

import numpy as np
import pytest
import torch

from subject_zoo.judge.material import Networks, stack_networks
from subject_zoo.judge.nets.run import run, tensors_of
from subject_zoo.judge.readers import learning, trees
from subject_zoo.judge.readers.features import describe
from subject_zoo.judge.readers.graph import SIGHTS, GraphReader, turned_about
from subject_zoo.networks.model import StoredModel
from tests.judge.networks import DEPTH, LENGTH, VOCABULARY, WIDTH, drawn_model, reordered, some_models

FEATURES = 2


@pytest.fixture
def models() -> list[StoredModel]:
    return some_models(np.random.default_rng(0))


@pytest.fixture(params=["with output", "hidden alone"])
def networks(request, models) -> Networks:
    rng, output = np.random.default_rng(1), request.param == "with output"
    neurons = [m.architecture.num_layers * m.architecture.neurons_per_layer + output for m in models]
    return stack_networks(models, [rng.normal(size=(n, FEATURES)).astype(np.float32) for n in neurons], DEPTH, WIDTH)


def test_stacked_signatures_are_the_signatures(models):
    rng = np.random.default_rng(1)
    neurons = [m.architecture.num_layers * m.architecture.neurons_per_layer + 1 for m in models]
    signatures = [rng.normal(size=(n, FEATURES)).astype(np.float32) for n in neurons]
    every = stack_networks(models, signatures, DEPTH, WIDTH)
    for row, signature in enumerate(signatures):
        np.testing.assert_array_equal(every.hidden_signature[row][every.is_real[row]], signature[:-1])
        np.testing.assert_array_equal(every.output_signature[row], signature[-1])
    hidden = stack_networks(models, [signature[:-1] for signature in signatures], DEPTH, WIDTH)
    np.testing.assert_array_equal(hidden.hidden_signature, every.hidden_signature)
    assert hidden.output_signature.shape == (len(models), 0)


@pytest.mark.parametrize("rung", SIGHTS)
def test_no_reader_sees_the_order_of_neurons(networks, rung):
    other = reordered(networks, np.random.default_rng(3))
    nothing = rung == "output_signature" and not networks.output_signature.size
    for described, expected in zip(describe(rung, other, []), describe(rung, networks, []), strict=True):
        np.testing.assert_allclose(described, expected, atol=1e-4)
    torch.manual_seed(0)
    reader = GraphReader(tensors_of(networks), SIGHTS[rung], patterns=4).eval()
    with torch.no_grad():
        before, after = (reader(tensors_of(each)).numpy() for each in (networks, other))
    assert nothing or np.ptp(before, axis=0).min() > 1e-3  # it tells networks apart at all
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_a_network_turned_about_is_the_same_function(networks):
    tensors = tensors_of(networks)
    turned = turned_about(tensors, torch.Generator().manual_seed(0))
    assert not torch.equal(turned["first"], tensors["first"])
    values = torch.randn(1, 10, VOCABULARY * LENGTH)
    torch.testing.assert_close(run(turned, values)[0], run(tensors, values)[0], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", trees.KINDS)
def test_trees_and_regression_learn_what_is_there_and_say_what_is_constant(kind):
    rng = np.random.default_rng(0)
    described = rng.normal(size=(300, 4))
    described[5, 0] = np.nan  # a layer that a network does not have
    labels = np.stack([described[:, 1] > 0, np.ones(300, bool)], axis=1)
    found = trees.read(kind, 0, described[:200], labels[:200], described[200:])
    assert ((found > 0.5) == labels[200:]).mean(axis=0).tolist() == pytest.approx([1, 1], abs=0.06)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("kind", "rung"), [("graph", "weights"), ("graph", "hidden_signature"), ("probes", "weights")])
def test_nets_learn_what_is_there_and_repeat_it(kind, rung):
    rng = np.random.default_rng(0)
    models = [drawn_model(rng, 1, 4, "relu") for _ in range(300)]
    neurons = 4 if rung == "hidden_signature" else 5  # without and with the output's
    signatures = [rng.normal(size=(neurons, FEATURES)).astype(np.float32) for _ in models]
    networks = stack_networks(models, signatures, 1, 4)
    if rung == "weights":
        labels = networks.output_bias[:, None] + networks.last.sum((1, 2))[:, None] > 0
    else:
        labels = networks.hidden_signature.mean((1, 2))[:, :1] > 0
    learned, asked = np.arange(240), np.arange(240, 300)

    def read() -> np.ndarray:
        return learning.read(
            kind, rung, 0, networks.rows(learned), labels[learned], networks.rows(asked), VOCABULARY, steps=300
        )

    found = read()
    assert ((found > 0.5) == labels[asked]).mean() > 0.75  # a coin has 0.5
    assert np.array_equal(found, read())
