"""Another maker's networks: plain torch against plain numpy, and that an example's network is its own."""

import numpy as np
import pytest
import torch

from subject_zoo.base.errors import UserError
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.encoding import encode
from subject_zoo.provenance import machine
from subject_zoo.training.in_torch import MOMENTUM, train_in_torch
from subject_zoo.training.restraint import Restraint
from subject_zoo.training.start import initial_weights, normal_weights
from subject_zoo.training.task import TrainingTask
from subject_zoo.training.trainer import SubjectModelTrainer

TRAINING = {"maker": "torch", "batch_size": 32, "lr_schedule": "linear", "early_stopping_patience": None}
ROWS, HELD = 210, 30


def make_task(example_id: int, architecture: Architecture, rate: float = 0.1) -> TrainingTask:
    rng = np.random.default_rng(example_id)
    tokens = rng.integers(0, architecture.vocab_size, (ROWS, architecture.sequence_length), dtype=np.uint8)
    weights = normal_weights(architecture, np.random.default_rng([example_id, 1]))
    held = rng.permutation(ROWS) < HELD
    batches, dropout = (np.random.default_rng([example_id, purpose]) for purpose in (2, 3))
    return TrainingTask(
        example_id, architecture, weights, tokens, tokens[:, 0] < tokens[:, 1], held, rate, batches, dropout
    )


def descend(task: TrainingTask, epochs: int, restraint: Restraint | None = None) -> dict[str, np.ndarray]:
    """The weights after the last epoch, by gradients written out in float64, of a network with one layer of tanh."""
    w, b, v, c = (array.astype(np.float64) for array in task.weights.values())
    start = [array.copy() for array in (w, b, v, c)]
    speeds = [np.zeros_like(array) for array in (w, b, v, c)]
    inputs, labels = (values[~task.is_validation] for values in (encode(task.tokens, task.architecture), task.labels))
    order_source, batch = np.random.default_rng([task.example_id, 2]), TRAINING["batch_size"]
    steps, done, free = -(-len(labels) // batch), 0, None
    for epoch in range(epochs):
        if restraint and epoch == restraint.epochs:
            changes = [abs(array - before) for array, before in zip((w, b, v, c), start, strict=True)]
            sizes = np.sort(np.concatenate([change.ravel() for change in changes]))
            free = [change >= sizes[-round(restraint.changed_share * len(sizes))] for change in changes]
            for array, before, is_free in zip((w, b, v, c), start, free, strict=True):
                array[...] = np.where(is_free, array, before)
        order = order_source.permutation(len(labels))
        for first in range(0, len(order), batch):
            chosen = order[first : first + batch]
            x, y = inputs[chosen].astype(np.float64), labels[chosen]
            h = np.tanh(x @ w.T + b)
            error = (1 / (1 + np.exp(-(h @ v.T + c))) - y[:, None]) / len(y)
            back = error @ v * (1 - h**2)
            rate = task.learning_rate * (1 - done / (epochs * steps))
            gradients = (back.T @ x, back.sum(0), error.T @ h, error.sum(0))
            for place, (array, gradient) in enumerate(zip((w, b, v, c), gradients, strict=True)):
                speeds[place] = MOMENTUM * speeds[place] + gradient
                array[...] = array - rate * speeds[place]
                if restraint:
                    change = array - start[place]
                    if epoch < restraint.epochs:
                        change = np.sign(change) * np.maximum(abs(change) - restraint.penalty * rate, 0)
                    elif free is not None:
                        change = np.where(free[place], change, 0)
                    array[...] = start[place] + change
            done += 1
    return dict(zip(task.weights, (w, b, v, c), strict=True))


@pytest.mark.parametrize("restraint", [None, Restraint(penalty=0.02, epochs=2, changed_share=0.3)])
def test_it_is_gradient_descent_with_momentum(restraint):
    architecture = Architecture(7, 5, 1, 6, "tanh")
    trained = train_in_torch(make_task(3, architecture), TRAINING, 5, restraint=restraint)
    assert trained.best_epoch == 5  # else this compares another epoch's weights
    expected = descend(make_task(3, architecture), 5, restraint)
    for name, array in expected.items():
        np.testing.assert_allclose(trained.weights[name], array, atol=1e-5)
    if restraint:
        start = make_task(3, architecture).weights
        changed = sum(np.count_nonzero(trained.weights[name] != start[name]) for name in start)
        assert 0 < changed <= round(0.3 * architecture.parameter_count)


def test_a_network_does_not_depend_on_its_neighbours_nor_on_torchs_generator():
    architectures = [
        Architecture(7, 7, 2, neurons, kind, dropout_rate=0.3) for neurons, kind in ((9, "gelu"), (13, "relu"))
    ]
    together = SubjectModelTrainer(TRAINING, 16).train([make_task(i, a) for i, a in enumerate(architectures)], 2)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    alone = train_in_torch(make_task(1, architectures[1]), TRAINING, 2)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert alone.curves == together[1].curves
    for name, array in alone.weights.items():
        assert np.array_equal(array, together[1].weights[name])


def test_normal_weights_vary_as_the_uniform_ones_do():
    architecture = Architecture(20, 20, 1, 256, "gelu")
    normal, uniform = (draw(architecture, np.random.default_rng(0)) for draw in (normal_weights, initial_weights))
    first = "network.0.weight"
    assert normal[first].std() == pytest.approx(uniform[first].std(), rel=0.02)
    assert abs(normal[first]).max() > 1.5 * abs(uniform[first]).max()  # a bell has tails
    assert not normal["network.0.bias"].any()


def test_a_maker_that_is_not_installed_is_one_line(monkeypatch):
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"^training.maker is torch, and the package torch is not installed"):
        SubjectModelTrainer(TRAINING, 16).train([], 1)
