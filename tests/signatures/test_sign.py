"""Verdicts and signatures of many models at once equal those of each model alone, computed plainly."""

import numpy as np
import pytest
import torch
from torch import nn

from subject_zoo.base.terms import ACTIVATIONS, SIGNATURE_METHODS
from subject_zoo.evaluation.exam import classify
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.torch_module import SubjectModel
from subject_zoo.signatures.extractor import SPARSITY_THRESHOLD, ActivationSignatureExtractor
from subject_zoo.signatures.layers import signed_layers
from subject_zoo.signatures.sign import sign

torch.set_num_threads(1)  # as in every job

VOCAB, LENGTH, WIDEST = 5, 4, 12


def make_model(seed: int, activation: str, depth: int, neurons: int, dropout: float) -> StoredModel:
    architecture = Architecture(VOCAB, LENGTH, depth, neurons, activation, dropout)
    rng = np.random.default_rng(seed)
    weights = {}
    for name, (inputs, outputs) in zip(architecture.linear_names, architecture.layer_sizes, strict=True):
        for part, shape in (("weight", (outputs, inputs)), ("bias", (outputs,))):
            weights[f"{name}.{part}"] = rng.normal(0, 2 * inputs**-0.5, shape).astype(np.float32)
    return StoredModel(architecture, weights, {})


@pytest.fixture(scope="module")
def models() -> dict[int, StoredModel]:
    """Models of all kinds, ids out of order; many of one kind, and one of a kind alone."""
    kinds = [(a, depth, n, 0.0) for a in ACTIVATIONS for depth in (1, 3) for n in (12, 5)]
    kinds += [("relu", 3, 3 + i % 10, 0.2 * (i % 3 == 0)) for i in range(20)] + [("tanh", 2, 7, 0.1)]
    return {(37 * i) % 1000: make_model(i, *kind) for i, kind in enumerate(kinds)}


@pytest.fixture(scope="module")
def tokens() -> np.ndarray:
    every = np.stack(np.meshgrid(*[np.arange(VOCAB)] * LENGTH, indexing="ij"), axis=-1).reshape(-1, LENGTH)
    return np.random.default_rng(0).permutation(every).astype(np.uint8)


@pytest.fixture(scope="module", params=[40, 41])
def probes(request, tokens) -> np.ndarray:
    return tokens[: request.param]  # an even and an odd number


def make_extractor(probes: np.ndarray, methods=SIGNATURE_METHODS) -> ActivationSignatureExtractor:
    satisfied = np.stack([probes[:, 0] == 0, probes[:, -1] == 1], axis=1)
    return ActivationSignatureExtractor(methods, satisfied, ["starts_with", "ends_with"])


@torch.no_grad()
def activations_of(model: StoredModel, tokens: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Every layer's values before and after the nonlinearity, [rows, neurons]; the logit's are equal."""
    network = SubjectModel(model.architecture, model.weights)
    pre, post = [], []
    for module in network.network:
        kind = pre if isinstance(module, nn.Linear) else post
        if not isinstance(module, nn.Dropout):
            module.register_forward_hook(lambda _, __, output, kind=kind: kind.append(output.numpy().copy()))
    network(torch.from_numpy(tokens))
    return pre, [*post, pre[-1]]


def assert_equal_bits(actual: np.ndarray, expected: np.ndarray) -> None:
    assert actual.dtype == expected.dtype
    np.testing.assert_array_equal(actual, expected)


def parts_of(models: dict) -> list[dict]:
    """The models in other company: in reverse, in parts, and a few alone."""
    items = list(models.items())
    alone = [dict([item]) for item in items[::17]]
    return [dict(items[::-1]), dict(items[:11]), dict(items[11:]), dict(items[::2]), *alone]


def test_verdicts_equal_each_models_own(models, tokens):
    verdicts = classify(models, tokens)
    assert sorted(verdicts) == sorted(models)
    shares = []
    for example_id, model in models.items():
        logits = activations_of(model, tokens)[0][-1][:, 0]
        clear = np.abs(logits) > 1e-5
        verdict = verdicts[example_id]
        assert verdict.dtype == bool
        assert verdict.shape == (len(tokens),)
        assert clear.mean() > 0.99
        np.testing.assert_array_equal(verdict[clear], (logits > 0)[clear])
        shares.append(verdict.mean())
    assert np.std(shares) > 0.05


@pytest.mark.parametrize("rows", [1, 2, 255, 256, 257])
def test_verdicts_do_not_depend_on_the_number_of_sequences(models, tokens, rows):
    every, first = classify(models, tokens), classify(models, tokens[:rows])
    for example_id, verdict in every.items():
        assert_equal_bits(first[example_id], verdict[:rows])


def test_verdicts_do_not_depend_on_company(models, tokens):
    together = classify(models, tokens)
    for part in parts_of(models):
        verdicts = classify(part, tokens)
        assert sorted(verdicts) == sorted(part)
        for example_id, verdict in verdicts.items():
            assert_equal_bits(verdict, together[example_id])


@pytest.mark.parametrize("activations", ["post", "pre"])
def test_signatures_equal_each_models_own(models, probes, activations):
    methods = ("mean", "std", "max", "min", "sparsity", "pattern_wise")
    extractor = make_extractor(probes, methods)
    signatures = sign(models, probes, extractor, activations, "all")
    assert sorted(signatures) == sorted(models)
    starts, ends = probes[:, 0] == 0, probes[:, -1] == 1
    for example_id, model in models.items():
        layers = activations_of(model, probes)[activations == "post"]
        values = np.concatenate(layers, axis=1).astype(np.float64)
        silent = np.abs(values)
        borderline = (np.abs(silent - SPARSITY_THRESHOLD) < 1e-5).sum(axis=0) / len(probes)
        expected = np.stack(
            [
                values.mean(axis=0),
                values.std(axis=0),
                values.max(axis=0),
                values.min(axis=0),
                (silent <= SPARSITY_THRESHOLD).mean(axis=0),
                *(values[rows].mean(axis=0) for rows in (starts, ends, ~(starts | ends))),
            ],
            axis=1,
        )
        signature = signatures[example_id]
        assert signature.dtype == np.float32
        assert signature.shape == (model.architecture.num_layers * model.architecture.neurons_per_layer + 1, 8)
        np.testing.assert_array_less(np.abs(signature[:, 4] - expected[:, 4]), borderline + 1e-6)
        expected[:, 4] = signature[:, 4]
        np.testing.assert_allclose(signature, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activations", ["post", "pre"])
def test_signatures_do_not_depend_on_company(models, probes, activations):
    extractor = make_extractor(probes)
    together = sign(models, probes, extractor, activations, "all")
    for part in parts_of(models):
        for example_id, signature in sign(part, probes, extractor, activations, "all").items():
            assert_equal_bits(signature, together[example_id])


def test_the_logit_is_the_same_before_and_after_the_nonlinearity(models, probes):
    extractor = make_extractor(probes)
    pre, post = (sign(models, probes, extractor, where, "all") for where in ("pre", "post"))
    for example_id, model in models.items():
        assert_equal_bits(pre[example_id][-1], post[example_id][-1])
        assert not np.array_equal(pre[example_id][:-1], post[example_id][:-1]), model.architecture


def test_relu_keeps_the_largest_activation_bit_for_bit(models, probes):
    extractor = make_extractor(probes, ["max"])
    pre, post = (sign(models, probes, extractor, where, "all") for where in ("pre", "post"))
    for example_id, model in models.items():
        if model.architecture.activation_type == "relu":
            assert_equal_bits(post[example_id][:-1], np.maximum(pre[example_id][:-1], 0))


def test_no_models_have_no_measurements(tokens):
    assert classify({}, tokens) == {}
    for layers in ("hidden", "all"):
        assert sign({}, tokens, make_extractor(tokens), "post", layers) == {}


def test_hidden_layers_alone_are_the_same_without_the_output_neuron(models, probes):
    extractor = make_extractor(probes)
    hidden, every = (sign(models, probes, extractor, "post", layers) for layers in ("hidden", "all"))
    assert list(hidden) == list(every)
    for example_id, signature in every.items():
        assert_equal_bits(hidden[example_id], signature[:-1])
        architecture = models[example_id].architecture
        places = [name.removeprefix("network.") for name in architecture.linear_names]
        rows = signed_layers(architecture, "all")
        assert list(rows) == places
        assert [row for part in rows.values() for row in range(len(signature))[part]] == list(range(len(signature)))
        assert signed_layers(architecture, "hidden") == {place: rows[place] for place in places[:-1]}
