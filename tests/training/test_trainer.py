"""A model trained, alone or in a stack, equals an ordinary torch loop, and does not depend on its neighbours."""

import numpy as np
import pytest
import torch

from subject_zoo.base.terms import ACTIVATIONS
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.encoding import encode
from subject_zoo.networks.torch_module import SubjectModel
from subject_zoo.training.in_stacks.stack import train_in_stacks
from subject_zoo.training.restraint import Restraint
from subject_zoo.training.start import initial_weights
from subject_zoo.training.task import TrainingTask
from subject_zoo.training.trainer import SubjectModelTrainer

TRAINING = {"maker": "kernel", "batch_size": 32, "lr_schedule": "linear", "early_stopping_patience": None}
ROWS, VALIDATION_ROWS = 210, 30
WIDEST = 16


def train_on_cpu(tasks, training, epochs, restraint=None):
    return SubjectModelTrainer(training, WIDEST).train(tasks, epochs, restraint=restraint)


def train_as_on_a_gpu(tasks, training, epochs, restraint=None):
    """As SubjectModelTrainer does where the device is none but the CPU; here torch's own device is the CPU."""
    return train_in_stacks(tasks, training, epochs, 1.0, restraint, widest=WIDEST, device="cpu")


@pytest.fixture(params=[train_on_cpu, train_as_on_a_gpu], ids=["kernel", "stacks"])
def train(request):
    return request.param


def make_task(example_id: int, architecture: Architecture, learning_rate: float = 0.003) -> TrainingTask:
    rng = np.random.default_rng(example_id)
    tokens = rng.integers(0, architecture.vocab_size, (ROWS, architecture.sequence_length), dtype=np.uint8)
    return TrainingTask(
        example_id=example_id,
        architecture=architecture,
        weights=initial_weights(architecture, np.random.default_rng([example_id, 1])),
        tokens=tokens,
        labels=tokens[:, 0] < tokens[:, 1],
        is_validation=rng.permutation(ROWS) < VALIDATION_ROWS,
        learning_rate=learning_rate,
        batches=np.random.default_rng([example_id, 2]),
        dropout=np.random.default_rng([example_id, 3]),
    )


def make_architecture(activation: str = "relu", neurons: int = 13, depth: int = 3, **changes) -> Architecture:
    return Architecture(7, 7, depth, neurons, activation, **changes)


def train_plainly(
    task: TrainingTask, epochs: int, training: dict, restraint: Restraint | None = None
) -> tuple[dict, list[float]]:
    """The same training by torch.nn and torch.optim.Adam, one model, one batch at a time."""
    model = SubjectModel(task.architecture, task.weights)
    inputs = torch.from_numpy(encode(task.tokens, task.architecture))
    labels = torch.from_numpy(task.labels.astype(np.float32))
    held = torch.from_numpy(task.is_validation)
    optimizer = torch.optim.Adam(model.parameters(), lr=task.learning_rate)
    batches, order_source = training["batch_size"], np.random.default_rng([task.example_id, 2])
    count = int((~held).sum())
    steps = -(-count // batches)
    loss_of = torch.nn.BCEWithLogitsLoss()
    best, best_loss, validation_losses = None, np.inf, []
    start = [parameter.detach().clone() for parameter in model.parameters()]
    is_free = [torch.ones_like(parameter, dtype=torch.bool) for parameter in start]
    for epoch in range(epochs):
        if restraint and epoch == restraint.epochs:
            changes = torch.cat([(p - s).abs().flatten() for p, s in zip(model.parameters(), start, strict=True)])
            least = changes.sort(descending=True).values[round(restraint.changed_share * len(changes)) - 1]
            is_free = [(p - s).abs() >= least for p, s in zip(model.parameters(), start, strict=True)]
            with torch.no_grad():
                for p, s, free in zip(model.parameters(), start, is_free, strict=True):
                    p.copy_(torch.where(free, p, s))
        order = torch.from_numpy(order_source.permutation(count))
        for step in range(steps):
            chosen = order[step * batches : (step + 1) * batches]
            done = (epoch * steps + step) / (epochs * steps)
            factor = {"linear": 1 - done, "constant": 1.0, "cosine": (1 + np.cos(np.pi * done)) / 2}
            optimizer.param_groups[0]["lr"] = task.learning_rate * factor[training["lr_schedule"]]
            optimizer.zero_grad()
            loss_of(model.network(inputs[~held][chosen]).squeeze(-1), labels[~held][chosen]).backward()
            optimizer.step()
            if restraint:
                rate = optimizer.param_groups[0]["lr"]
                threshold = restraint.penalty * rate if epoch < restraint.epochs else 0.0
                with torch.no_grad():
                    for p, s, free in zip(model.parameters(), start, is_free, strict=True):
                        shrunk = torch.nn.functional.softshrink(p - s, threshold)
                        p.copy_(s + torch.where(free, shrunk, torch.zeros(())))
        with torch.no_grad():
            validation_losses.append(float(loss_of(model.network(inputs[held]).squeeze(-1), labels[held])))
        if validation_losses[-1] < best_loss and not (restraint and epoch < restraint.epochs):
            best_loss = validation_losses[-1]
            best = {name: value.clone().numpy() for name, value in model.state_dict().items()}
    return best, validation_losses


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("encoding", ["ordinal", "one_hot"])
def test_a_model_equals_an_ordinary_torch_loop(train, activation, encoding):
    tasks = [
        make_task(i, make_architecture(activation, neurons, input_encoding=encoding), 0.002 + 0.001 * i)
        for i, neurons in enumerate((13, 16, 5))
    ]
    trained = train(tasks, TRAINING, 4)
    for task, model in zip(tasks, trained, strict=True):
        expected, losses = train_plainly(task, 4, TRAINING)
        np.testing.assert_allclose(model.curves["validation_loss"], losses, rtol=2e-4)
        for name, array in expected.items():
            np.testing.assert_allclose(model.weights[name], array, atol=2e-4, rtol=2e-3)
            assert not np.allclose(model.weights[name], task.weights[name], atol=1e-5)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("batch_size", [33, 180, 500])
def test_schedules_and_batches_that_do_not_divide_the_rows(train, schedule, batch_size):
    training = TRAINING | {"lr_schedule": schedule, "batch_size": batch_size}
    task = make_task(5, make_architecture())
    (model,) = train([task], training, 3)
    expected, losses = train_plainly(task, 3, training)
    np.testing.assert_allclose(model.curves["validation_loss"], losses, rtol=2e-4)
    for name, array in expected.items():
        np.testing.assert_allclose(model.weights[name], array, atol=2e-4, rtol=2e-3)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_a_restrained_model_equals_an_ordinary_torch_loop(train, activation):
    restraint = Restraint(penalty=0.3, epochs=2, changed_share=0.2)
    tasks = [make_task(i, make_architecture(activation, neurons, 2), 0.01) for i, neurons in enumerate((13, 16))]
    for task, model in zip(tasks, train(tasks, TRAINING, 5, restraint), strict=True):
        expected, losses = train_plainly(task, 5, TRAINING, restraint)
        np.testing.assert_allclose(model.curves["validation_loss"], losses, rtol=2e-4)
        changed = sum(np.count_nonzero(array != task.weights[name]) for name, array in model.weights.items())
        assert 0 < changed <= round(0.2 * task.architecture.parameter_count)
        assert model.best_epoch > 2
        for name, array in expected.items():
            np.testing.assert_allclose(model.weights[name], array, atol=2e-4, rtol=2e-3)
            assert np.array_equal(model.weights[name] != task.weights[name], array != task.weights[name])


def test_an_endless_penalty_holds_everything(train):
    tasks = [make_task(0, make_architecture())]
    (model,) = train(tasks, TRAINING, 3, Restraint(penalty=1e9, epochs=1, changed_share=0.5))
    for name, array in model.weights.items():
        np.testing.assert_array_equal(array, tasks[0].weights[name])


def test_a_restraint_of_no_penalty_that_frees_all_changes_nothing_but_the_best_epoch(train):
    tasks = lambda: [make_task(0, make_architecture())]  # noqa: E731
    (free,), (held,) = train(tasks(), TRAINING, 4), train(tasks(), TRAINING, 4, Restraint(0.0, 1, 1.0))
    for name, array in free.weights.items():
        np.testing.assert_allclose(held.weights[name], array, atol=1e-5, rtol=1e-4)


def population() -> list[Architecture]:
    shapes = [(d, n, a) for d in (2, 3) for a in ACTIVATIONS for n in (6, 11, 16)]
    return [make_architecture(a, n, d, dropout_rate=0.2 * (i % 3 == 0)) for i, (d, n, a) in enumerate(shapes)]


def test_bits_do_not_depend_on_neighbours_order_or_threads(train):
    architectures = population() + population()[::-1]
    make = lambda ids: [make_task(i, architectures[i]) for i in ids]  # noqa: E731
    everyone = list(range(len(architectures)))
    together = {model.example_id: model for model in train(make(everyone), TRAINING, 2)}
    threads = torch.get_num_threads()
    for thread_count, parts in (
        (1, [everyone[::-1]]),
        (2, [everyone[:7], everyone[7:20]]),
        (1, [[i] for i in everyone]),
    ):
        torch.set_num_threads(thread_count)
        for part in parts:
            for model in train(make(part), TRAINING, 2):
                twin = together[model.example_id]
                assert model.curves == twin.curves
                for name, array in model.weights.items():
                    np.testing.assert_array_equal(array, twin.weights[name])
    torch.set_num_threads(threads)


def test_early_stopping_restores_each_models_best_epoch(train):
    training = TRAINING | {"early_stopping_patience": 2, "lr_schedule": "constant"}
    tasks = [make_task(i, make_architecture(), rate) for i, rate in enumerate((0.0001, 0.05, 0.3))]
    trained = train(tasks, training, 30)
    for task, model in zip(tasks, trained, strict=True):
        losses = model.curves["validation_loss"]
        assert model.best_epoch == 1 + int(np.argmin(losses))
        assert len(losses) == 30 or len(losses) == model.best_epoch + 2
        network = SubjectModel(task.architecture, model.weights)
        held = task.is_validation
        with torch.no_grad():
            logits = network(torch.from_numpy(task.tokens[held]))
        labels = torch.from_numpy(task.labels[held].astype(np.float32))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)
        assert float(loss) == pytest.approx(min(losses), rel=1e-4)
    assert len({len(model.curves["validation_loss"]) for model in trained}) > 1


def test_dropout_changes_training_and_keeps_its_expectation(train):
    plain = make_task(1, make_architecture(neurons=16))
    dropped = make_task(1, make_architecture(neurons=16, dropout_rate=0.3))
    (first,), (second,) = train([plain], TRAINING, 6), train([dropped], TRAINING, 6)
    assert list(second.weights) == [f"network.{i}.{part}" for i in (0, 3, 6, 9) for part in ("weight", "bias")]
    assert not np.allclose(first.weights["network.0.weight"], second.weights["network.0.weight"], atol=1e-3)
    assert second.curves["training_loss"][-1] < second.curves["training_loss"][0]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_both_ways_of_training_agree(dropout):
    make = lambda: [make_task(i, make_architecture(a, 11, dropout_rate=dropout)) for i, a in enumerate(ACTIVATIONS)]  # noqa: E731
    training = TRAINING | {"batch_size": 33}  # an odd number: stacks fill it up
    for own, stacked in zip(train_on_cpu(make(), training, 3), train_as_on_a_gpu(make(), training, 3), strict=True):
        assert own.best_epoch == stacked.best_epoch
        for name, curve in own.curves.items():
            np.testing.assert_allclose(curve, stacked.curves[name], rtol=2e-4)
        for name, array in own.weights.items():
            np.testing.assert_allclose(array, stacked.weights[name], atol=2e-4, rtol=2e-3)
