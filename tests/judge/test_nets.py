"""Nets over networks: what they are told of a network is the network, and no order of neurons is told."""

import numpy as np
import pytest
import torch

from subject_zoo.judge.bench import Bench
from subject_zoo.judge.material import Networks, accepted_examples, stack_networks, weights_of
from subject_zoo.judge.modification import score_repair
from subject_zoo.judge.nets.probes import Probes
from subject_zoo.judge.nets.repair import CHANGED, RepairNet, changed, lengths, weights_there
from subject_zoo.judge.nets.repairing import SEQUENCES, Lessons, learn, mended
from subject_zoo.judge.nets.run import responses, run, tensors_of
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.encoding import encode
from subject_zoo.networks.model import StoredModel
from subject_zoo.project import Project
from tests.finished_dataset import tiny_config
from tests.judge.networks import DEPTH, LENGTH, VOCABULARY, WIDTH, reordered, some_models

PATTERNS = 4


@pytest.fixture
def models() -> list[StoredModel]:
    return some_models(np.random.default_rng(0))


@pytest.fixture
def networks(models) -> Networks:
    return stack_networks(models, None, DEPTH, WIDTH)


@pytest.fixture
def net(networks) -> RepairNet:
    torch.manual_seed(0)
    net = RepairNet(tensors_of(networks), VOCABULARY, PATTERNS).eval()
    for part in (net.replies.hidden, net.replies.output):
        torch.nn.init.normal_(part.added, std=0.1)  # which begins at 0
    return net


def test_activations_and_logits_are_the_kernels(models, networks):
    tokens = np.random.default_rng(2).integers(0, VOCABULARY, (20, LENGTH)).astype(np.uint8)
    values = torch.from_numpy(np.stack([encode(tokens, one.architecture) for one in models]))
    logits, activations = (part.numpy() for part in run(tensors_of(networks), values))
    for row, one in enumerate(models):
        layers, expected = KernelMLP(one.architecture, one.weights).activations(tokens, before=False)
        np.testing.assert_allclose(logits[row], expected, atol=2e-5)
        for layer, values_of in enumerate(layers):
            width = one.architecture.neurons_per_layer
            np.testing.assert_allclose(activations[row, layer, :width].T, values_of, atol=2e-5)
            assert not activations[row, layer, width:].any()
        assert not activations[row, len(layers) :].any()


def test_slopes_are_what_a_bias_does_to_the_logit(models, networks):
    rng = np.random.default_rng(2)
    values = torch.from_numpy(rng.normal(size=(len(models), 5, VOCABULARY * LENGTH)).astype(np.float32))
    seen = responses(tensors_of(networks), values)
    for place in range(values.shape[1]):
        net = tensors_of(networks)
        biases = net["biases"].requires_grad_()
        logits, activations = run(net, values[:, place : place + 1])
        (expected,) = torch.autograd.grad(logits.sum(), biases)
        torch.testing.assert_close(seen.slopes[..., place], expected, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(seen.activations[..., place], activations[..., 0], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(seen.logits[:, place], logits[:, 0], atol=1e-4, rtol=1e-4)


def test_probes_begin_near_what_they_are_told_and_each_set_by_itself():
    torch.manual_seed(0)
    probes = Probes(count=3, inputs=VOCABULARY * LENGTH, vocabulary=VOCABULARY, sets=2)
    before = probes().detach().clone()
    told = torch.eye(VOCABULARY)[torch.randint(VOCABULARY, (3, LENGTH))].flatten(1)
    probes.begin(1, told)
    after = probes().detach()
    assert torch.equal(after[0], before[0])
    letters = after.view(2, 3, LENGTH, VOCABULARY)
    assert torch.equal(letters[1].argmax(-1), told.view(3, LENGTH, VOCABULARY).argmax(-1))
    torch.testing.assert_close(letters.sum(-1), torch.ones(2, 3, LENGTH))


def test_weights_come_back_from_arrays(models, networks):
    for row, one in enumerate(models):
        back = weights_of({name: getattr(networks, name)[row] for name in CHANGED}, one.architecture)
        assert list(back) == list(one.weights)
        for name, array in one.weights.items():
            np.testing.assert_array_equal(back[name], array)


def test_there_are_as_many_weights_as_a_network_has(models, networks):
    is_there = weights_there(tensors_of(networks))
    for row, one in enumerate(models):
        arrays = {name: getattr(networks, name)[row] for name in CHANGED}
        there = {name: np.broadcast_to(is_there[name][row].numpy(), array.shape) for name, array in arrays.items()}
        assert sum(int(part.sum()) for part in there.values()) == one.architecture.parameter_count
        assert not any(array[there[name] == 0].any() for name, array in arrays.items())


def test_a_repair_goes_with_its_neurons_and_changes_none_that_are_not_there(networks, net):
    target = torch.arange(len(networks)) % PATTERNS
    order = np.random.default_rng(3)
    with torch.no_grad():
        change = {name: value.numpy() for name, value in net(tensors_of(networks), target).items()}
        repaired = Networks(**(vars(networks) | {name: getattr(networks, name) + change[name] for name in CHANGED}))
        other = reordered(networks, order)
        of_other = changed(tensors_of(other), net(tensors_of(other), target))
    expected = reordered(repaired, np.random.default_rng(3))
    for name in CHANGED:
        np.testing.assert_allclose(of_other[name].numpy(), getattr(expected, name), atol=1e-4)
        assert not change[name][getattr(networks, name) == 0].any() or name == "output_bias"
    assert all(np.ptp(value) > 0 for value in change.values())


def test_another_target_another_repair(networks, net):
    with torch.no_grad():
        one, other = (net(tensors_of(networks), torch.full((len(networks),), k))["first"] for k in (0, 1))
    assert not torch.allclose(one, other)


def test_the_length_of_a_change_is_that_of_all_its_numbers(networks, net):
    with torch.no_grad():
        change = net(tensors_of(networks), torch.zeros(len(networks), dtype=torch.int64))
        found = lengths(change).numpy()
    for row, length in enumerate(found):
        numbers = np.concatenate([change[name][row].numpy().ravel() for name in CHANGED])
        assert length == pytest.approx(np.linalg.norm(numbers.astype(np.float64)), abs=1e-5)


def test_repairs_are_learned_and_the_same_every_time():
    project = Project(tiny_config())
    examples = accepted_examples(project.config, None)
    cases = [next(examples).case for _ in range(8)]
    model = project.config["model"]
    size = model["num_layers"][1], model["neurons_per_layer"][1]
    lessons = Lessons.of(cases, project, *size)
    assert lessons.labels.shape == (8, SEQUENCES)
    assert lessons.labels[:, : SEQUENCES // 3].all()
    patterns = len(project.config["patterns"]["enabled"])
    bench = Bench(project, fresh_seed=1)

    def gain(steps: int) -> tuple[float, list]:
        answers = list(mended(learn(lessons, patterns, 0, steps), cases, project, *size))
        return float(
            np.mean([score_repair(c, w, bench)["target_gain"] for c, w in zip(cases, answers, strict=True)])
        ), answers

    (little, _), (much, answers), (_, again) = gain(1), gain(150), gain(150)
    assert much > little + 0.05
    for one, other in zip(answers, again, strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)
