"""The kernel against torch in float64, and bits that nothing but the network and its rows decides."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from subject_zoo.base.terms import ACTIVATIONS
from subject_zoo.kernels import mlp as mlp_kernel
from subject_zoo.kernels.mlp import KernelMLP, KernelTraining, steps_per_epoch
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.encoding import encode
from subject_zoo.networks.torch_module import SubjectModel
from subject_zoo.training.loss import cross_entropy
from subject_zoo.training.start import initial_weights
from tests.compilations import compilations

BATCH, RATE = 24, 0.01


def make_architecture(activation: str = "relu", neurons: int = 13, depth: int = 3, **changes) -> Architecture:
    return Architecture(7, 5, depth, neurons, activation, **changes)


def make_weights(architecture: Architecture, seed: int = 1) -> dict:
    return initial_weights(architecture, np.random.default_rng(seed))


def make_tokens(architecture: Architecture, rows: int, seed: int = 0) -> np.ndarray:
    shape = (rows, architecture.sequence_length)
    return np.random.default_rng(seed).integers(0, architecture.vocab_size, shape, dtype=np.uint8)


architectures = st.builds(
    Architecture,
    vocab_size=st.integers(5, 26),
    sequence_length=st.integers(4, 20),
    num_layers=st.integers(1, 16),
    neurons_per_layer=st.one_of(st.integers(1, 48), st.integers(49, 256)),
    activation_type=st.sampled_from(ACTIVATIONS),
    input_encoding=st.sampled_from(["one_hot", "ordinal"]),
)


@torch.no_grad()
def values_in_float64(architecture: Architecture, weights: dict, tokens: np.ndarray) -> tuple[list, list, np.ndarray]:
    """Hidden values before and after the nonlinearity, and logits, by torch."""
    values = torch.from_numpy(encode(tokens, architecture, np.float64))
    before, after = [], []
    for module in SubjectModel(architecture, weights).network.double():
        values = module(values)
        (before if isinstance(module, torch.nn.Linear) else after).append(values.numpy())
    return before[:-1], after, before[-1][:, 0]


@settings(max_examples=60)
@given(architecture=architectures, rows=st.integers(1, 70))
def test_values_equal_torchs_for_every_architecture(architecture, rows):
    weights, tokens = make_weights(architecture), make_tokens(architecture, rows)
    mlp = KernelMLP(architecture, weights)
    before, after, logits = values_in_float64(architecture, weights, tokens)
    for layers, expected in ((mlp.activations(tokens, before=True), before), (mlp.activations(tokens, False), after)):
        values, own_logits = layers
        scale = max(1.0, *(np.abs(layer).max() for layer in expected), np.abs(logits).max())
        np.testing.assert_allclose(values, np.stack(expected), rtol=0, atol=2e-5 * scale)
        np.testing.assert_allclose(own_logits, logits, rtol=0, atol=2e-5 * scale)
    assert mlp.logits(tokens).tobytes() == own_logits.tobytes()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_nonlinearities_are_right_over_the_whole_range(activation):
    architecture = Architecture(26, 4, 1, 1, activation, input_encoding="ordinal")
    tokens = make_tokens(architecture, 400)
    tokens[:, 1:] = 0
    for scale in (1e-3, 0.05, 0.4, 3.0, 400.0):
        for sign in (1, -1):
            weights = {
                "network.0.weight": np.float32([[sign * scale, 0, 0, 0]]),
                "network.0.bias": np.float32([0.3 * scale]),
                "network.2.weight": np.float32([[1]]),
                "network.2.bias": np.float32([0]),
            }
            _, (expected,), _ = values_in_float64(architecture, weights, tokens)
            values, _ = KernelMLP(architecture, weights).activations(tokens, before=False)
            np.testing.assert_allclose(values[0], expected, rtol=4e-7, atol=6e-7 * max(1, scale))


@settings(max_examples=30)
@given(architecture=architectures)
def test_weights_come_back_and_padding_stays_zero(architecture):
    weights = make_weights(architecture)
    mlp = KernelMLP(architecture, weights)
    assert list(mlp.weights()) == list(weights)
    for name, array in mlp.weights().items():
        assert array.tobytes() == weights[name].tobytes()
        assert array.shape == weights[name].shape
    tokens = make_tokens(architecture, 30)
    train(mlp, tokens)
    trained = mlp.weights()
    assert np.count_nonzero(mlp.parameters) == sum(np.count_nonzero(array) for array in trained.values())
    assert any(not np.array_equal(array, weights[name]) for name, array in trained.items())


def draws(architecture: Architecture, rows: int, epochs: int, batch: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Per epoch the order of the rows and the neurons that dropout keeps."""
    rng, steps = np.random.default_rng(3), steps_per_epoch(rows, batch)
    shape = (steps, architecture.num_layers, batch, architecture.neurons_per_layer)
    return [(rng.permutation(rows), rng.random(shape) >= architecture.dropout_rate) for _ in range(epochs)]


def train(mlp: KernelMLP, tokens: np.ndarray, epochs: int = 2, batch: int = BATCH) -> np.ndarray:
    """Train to tell whether the first token is below the second; the logits [epochs, n] on the way."""
    labels = tokens[:, 0] < tokens[:, 1]
    rates = [RATE] * (epochs * steps_per_epoch(len(tokens), batch))
    run = KernelTraining(mlp, tokens, labels, batch, rates)
    return np.stack(
        [
            run.epoch(order, kept if mlp.architecture.dropout_rate else None)
            for order, kept in draws(mlp.architecture, len(tokens), epochs, batch)
        ]
    )


def train_by_torch(architecture: Architecture, weights: dict, tokens: np.ndarray) -> tuple[np.ndarray, dict]:
    """The same as `train` by torch's layers and optimizer in float64, dropout's choices taken from the same draws."""
    model = SubjectModel(architecture, weights).double()
    inputs = torch.from_numpy(encode(tokens, architecture, np.float64))
    labels = torch.from_numpy((tokens[:, 0] < tokens[:, 1]).astype(np.float64))
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    rate, seen = architecture.dropout_rate, []
    for order, kept in draws(architecture, len(tokens), 2, BATCH):
        seen.append([])
        for step in range(len(kept)):
            chosen = order[step * BATCH : (step + 1) * BATCH]
            values, layer = inputs[chosen], 0
            for module in model.network:
                if isinstance(module, torch.nn.Dropout):
                    values = values * torch.from_numpy(kept[step, layer, : len(chosen)]) / (1 - rate)
                    layer += 1
                else:
                    values = module(values)
            seen[-1] += values[:, 0].tolist()
            optimizer.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(values[:, 0], labels[chosen]).backward()
            optimizer.step()
    return np.array(seen), {name: value.float().numpy() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("encoding", ["one_hot", "ordinal"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize(("depth", "neurons"), [(1, 3), (2, 16), (3, 24), (2, 40), (5, 50)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_training_equals_torchs_in_float64(activation, depth, neurons, dropout, encoding):
    architecture = make_architecture(activation, neurons, depth, dropout_rate=dropout, input_encoding=encoding)
    weights, tokens = make_weights(architecture), make_tokens(architecture, 70)  # two whole batches and 22 rows
    mlp = KernelMLP(architecture, weights)
    logits = train(mlp, tokens)
    expected_logits, expected = train_by_torch(architecture, weights, tokens)
    np.testing.assert_allclose(logits, expected_logits, rtol=2e-3, atol=2e-3)
    for name, array in mlp.weights().items():
        np.testing.assert_allclose(array, expected[name], rtol=2e-3, atol=1e-3)
        assert not np.allclose(array, weights[name], rtol=2e-3, atol=1e-3) or array.size < 4


@settings(max_examples=30)
@given(architecture=architectures, rows=st.integers(2, 90), cut=st.integers(1, 89))
def test_a_rows_bits_do_not_depend_on_the_rows_beside_it(architecture, rows, cut):
    mlp, tokens = KernelMLP(architecture, make_weights(architecture)), make_tokens(architecture, rows)
    whole, (values, _) = mlp.logits(tokens), mlp.activations(tokens, before=False)
    for part in (slice(0, cut), slice(cut % rows, None), slice(None, None, -1)):
        assert mlp.logits(tokens[part]).tobytes() == whole[part].tobytes()
        part_values, _ = mlp.activations(tokens[part], before=False)
        assert part_values.tobytes() == np.ascontiguousarray(values[:, part]).tobytes()


@pytest.mark.parametrize("encoding", ["one_hot", "ordinal"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("vocab_size", "length", "depth", "neurons"), [(5, 4, 1, 3), (7, 5, 3, 24), (9, 4, 2, 40)])
def test_all_sequences_are_classified_as_they_are_one_by_one(vocab_size, length, depth, neurons, activation, encoding):
    """Also where the logit is exactly 0, and where a unit in the last place decides."""
    architecture = Architecture(vocab_size, length, depth, neurons, activation, input_encoding=encoding)
    tokens = np.array(list(itertools.product(range(vocab_size), repeat=length)), np.uint8)
    weights, output = make_weights(architecture), architecture.linear_names[-1]
    weights[f"{output}.bias"] *= 0
    sums = KernelMLP(architecture, weights).logits(tokens)
    weights[f"{output}.bias"] = -np.sort(sums)[[len(sums) // 3]]
    mlp = KernelMLP(architecture, weights)
    logits, positive = mlp.logits(tokens), mlp.classify_all()
    assert positive.dtype == bool
    np.testing.assert_array_equal(positive, logits > 0)
    assert (logits == 0).any()
    assert 0 < positive.sum() < len(positive)


def test_bits_do_not_depend_on_the_compilation(tmp_path, monkeypatch):
    kinds = [
        make_architecture(activation, neurons, depth, input_encoding=encoding, dropout_rate=dropout)
        for activation in ACTIVATIONS
        for neurons, depth, encoding, dropout in (
            (13, 3, "one_hot", 0.0),
            (8, 1, "ordinal", 0.0),
            (24, 2, "ordinal", 0.2),
            (32, 2, "one_hot", 0.0),
            (40, 3, "ordinal", 0.0),
            (97, 2, "one_hot", 0.1),
        )
    ]
    results = []
    for _ in compilations(mlp_kernel, tmp_path, monkeypatch):
        made = []
        for architecture in kinds:
            mlp, tokens = KernelMLP(architecture, make_weights(architecture)), make_tokens(architecture, 70)
            made += [train(mlp, tokens).tobytes(), mlp.parameters.tobytes(), mlp.logits(tokens).tobytes()]
            made.append(mlp.classify_all().tobytes())
        results.append(made)
    assert len(results) > 1
    assert all(made == results[0] for made in results)


def test_denormals_are_zero_in_the_kernel_and_nowhere_else():
    architecture = make_architecture("sigmoid", 4, 1)
    weights = {name: array * 0 for name, array in make_weights(architecture).items()}
    weights["network.0.bias"] = weights["network.0.bias"] + np.float32(1e-40)
    mlp, tokens = KernelMLP(architecture, weights), make_tokens(architecture, 3)
    values, _ = mlp.activations(tokens, before=True)
    assert (values == 0).all()
    train(mlp, tokens)
    assert np.float32(1e-39) / np.float32(8) > 0


def test_a_network_that_never_learns_keeps_its_weights():
    architecture = make_architecture()
    weights, tokens = make_weights(architecture), make_tokens(architecture, 50)
    mlp = KernelMLP(architecture, weights)
    run = KernelTraining(mlp, tokens, tokens[:, 0] < 3, 20, [0.0] * 3)
    run.epoch(np.arange(50))
    assert all(array.tobytes() == weights[name].tobytes() for name, array in mlp.weights().items())


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (np.zeros((3, 4), np.uint8), r"tokens are uint8 \(3, 4\), not uint8 \[n, 5\]"),
        (np.zeros((3, 5), np.int64), r"tokens are int64"),
        (np.zeros(5, np.uint8), r"tokens are uint8 \(5,\)"),
        (np.full((3, 5), 7, np.uint8), "token 7 is not in a vocabulary of 7"),
    ],
)
def test_tokens_that_are_none_never_reach_the_kernel(tokens, message):
    architecture = make_architecture()
    mlp = KernelMLP(architecture, make_weights(architecture))
    with pytest.raises(ValueError, match=message):
        mlp.logits(tokens)
    with pytest.raises(ValueError, match=message):
        KernelTraining(mlp, tokens, np.zeros(len(tokens), bool), 2, [0.1])


def test_orders_and_choices_that_do_not_fit_never_reach_the_kernel():
    architecture = make_architecture(dropout_rate=0.5)
    mlp = KernelMLP(architecture, make_weights(architecture))
    run = KernelTraining(mlp, make_tokens(architecture, 6), np.zeros(6, bool), 4, [0.1] * 2)
    for order in (np.arange(5), np.arange(1, 7), np.arange(-1, 5)):
        with pytest.raises(ValueError, match=r"order|epoch"):
            run.epoch(order)
    with pytest.raises(ValueError, match="dropout"):
        run.epoch(np.arange(6), np.ones((1, 3, 4, 13), bool))
    run.epoch(np.arange(6), np.ones((2, 3, 4, 13), bool))
    with pytest.raises(ValueError, match="rates for 2 steps"):
        run.epoch(np.arange(6))


@pytest.mark.parametrize(("layers", "neurons"), [(1, 257), (2, 300), (1, 0), (0, 8), (-1, 8)])
def test_networks_that_do_not_fit_never_reach_the_kernel(layers, neurons):
    """The kernel has room for 256 neurons a layer: of more, it would read what is not there."""
    architecture = Architecture(5, 4, layers, neurons, "relu", input_encoding="ordinal")
    with pytest.raises(ValueError, match="the kernel takes 1 layer or more, of 1 to 256 neurons"):
        KernelMLP(architecture, {})


def test_the_widest_network_learns():
    architecture = Architecture(5, 4, 2, 256, "relu", input_encoding="one_hot")
    tokens = make_tokens(architecture, 64)
    mlp = KernelMLP(architecture, make_weights(architecture))
    labels = tokens[:, 0] == 0
    run = KernelTraining(mlp, tokens, labels, 32, [1e-3] * 60)
    losses = [cross_entropy(run.epoch(np.arange(64))[None], labels[None])[0] for _ in range(30)]
    assert losses[-1] < losses[0] / 2


def test_no_rows_have_no_values():
    architecture = make_architecture()
    mlp = KernelMLP(architecture, make_weights(architecture))
    values, logits = mlp.activations(np.zeros((0, 5), np.uint8), before=False)
    assert values.shape == (3, 0, 13)
    assert logits.shape == (0,)
