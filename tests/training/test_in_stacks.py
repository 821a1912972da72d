"""The hand-written backward passes and Adam against torch's own, and padding that never moves."""

import numpy as np
import pytest
import torch

from subject_zoo.base.terms import ACTIVATIONS
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import Weights
from subject_zoo.training.in_stacks.adam import FlatAdam
from subject_zoo.training.in_stacks.mlp import Pass, StackedMLP, padded_width
from subject_zoo.training.rates import rate_factors

torch.set_num_threads(1)  # as in every job

ROWS = 12
WIDTH = 16
TORCH = {
    "relu": torch.relu,
    "gelu": torch.nn.functional.gelu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "leaky_relu": torch.nn.functional.leaky_relu,
}


def make_weights(architecture: Architecture, seed: int) -> Weights:
    """Uniform weights and biases of the size that torch.nn.Linear starts from."""
    rng = np.random.default_rng(seed)
    weights = {}
    for name, (inputs, outputs) in zip(architecture.linear_names, architecture.layer_sizes, strict=True):
        for part, shape in (("weight", (outputs, inputs)), ("bias", (outputs,))):
            weights[f"{name}.{part}"] = rng.uniform(-1, 1, shape).astype(np.float32) / np.float32(inputs**0.5)
    return weights


def make_stack(activation: str, depth: int = 3, neurons: tuple[int, ...] = (11, 16, 1)) -> StackedMLP:
    architectures = [Architecture(5, 4, depth, n, activation) for n in neurons]
    stack = StackedMLP(architectures, WIDTH)
    stack.load([make_weights(a, i) for i, a in enumerate(architectures)])
    return stack


def make_inputs(stack: StackedMLP, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(stack.count, ROWS, stack.sizes[0][0], generator=generator)


def make_masks(stack: StackedMLP, rate: float = 0.4) -> list[torch.Tensor]:
    """Dropout masks; other numbers than 0 stand at padded units, where nothing may come of them."""
    generator = torch.Generator().manual_seed(9)
    shape = (stack.count, ROWS, stack.width)
    return [(torch.rand(shape, generator=generator) >= rate) / (1 - rate) for _ in range(stack.depth)]


def autograd(stack: StackedMLP, model: int, inputs, logit_gradients, masks):
    """Logits and gradients by name of one model, unpadded, by torch's autograd in float64."""
    architecture, weights = stack.architectures[model], stack.unload()[model]
    parameters = {n: torch.from_numpy(a).double().requires_grad_() for n, a in weights.items()}
    values = inputs[model].double()
    *hidden, output = architecture.linear_names
    for layer, name in enumerate(hidden):
        pre = values @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]
        values = TORCH[architecture.activation_type](pre)
        if masks is not None:
            values = values * masks[layer][model, :, : architecture.neurons_per_layer].double()
    logits = values @ parameters[f"{output}.weight"].T + parameters[f"{output}.bias"]
    logits.backward(logit_gradients[model].double())
    return logits.detach(), {name: parameter.grad for name, parameter in parameters.items()}


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_equal_autograds(activation, depth, dropout):
    stack = make_stack(activation, depth)
    inputs, masks = make_inputs(stack), make_masks(stack) if dropout else None
    logit_gradients = torch.randn(stack.count, ROWS, 1, generator=torch.Generator().manual_seed(5))
    buffers = Pass(stack, ROWS)
    for _ in range(2):  # the second pass meets the buffers of the first
        logits = buffers.forward(inputs, masks).clone()
        buffers.backward(inputs, logit_gradients.clone(), masks)
    for model, architecture in enumerate(stack.architectures):
        expected_logits, expected = autograd(stack, model, inputs, logit_gradients, masks)
        np.testing.assert_allclose(logits[model], expected_logits, rtol=1e-5, atol=1e-6)
        for layer, (name, (fan_in, fan_out)) in enumerate(
            zip(architecture.linear_names, architecture.layer_sizes, strict=True)
        ):
            weight = stack.weight_gradients[layer][model, :fan_in, :fan_out].T
            bias = stack.bias_gradients[layer][model, 0, :fan_out]
            scale = float(expected[f"{name}.weight"].abs().max())
            np.testing.assert_allclose(weight, expected[f"{name}.weight"], rtol=1e-4, atol=2e-6 * (1 + scale))
            np.testing.assert_allclose(bias, expected[f"{name}.bias"], rtol=1e-4, atol=2e-6 * (1 + scale))


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_padding_never_moves_and_the_rest_does(activation, dropout):
    stack = make_stack(activation)
    before = stack.parameters.clone()
    rates = stack.spread(torch.tensor([0.01, 0.02, 0.03])) * stack.update_mask
    adam = FlatAdam(stack.parameters, stack.gradients, rates)
    buffers = Pass(stack, ROWS)
    masks = make_masks(stack) if dropout else None
    for step in range(5):
        inputs = make_inputs(stack, step)
        logits = buffers.forward(inputs, masks)
        buffers.backward(inputs, torch.sigmoid(logits) - 0.3, masks)
        adam.step()
    real = stack.update_mask.bool()
    assert int(real.sum()) == sum(architecture.parameter_count for architecture in stack.architectures)
    assert torch.equal(stack.parameters[~real], torch.zeros(int((~real).sum())))
    assert (stack.parameters[real] != before[real]).float().mean() > 0.5


def test_loaded_weights_come_back():
    stack = make_stack("relu")
    for index, (architecture, weights) in enumerate(zip(stack.architectures, stack.unload(), strict=True)):
        expected = make_weights(architecture, index)
        assert list(weights) == list(expected)
        for name, array in expected.items():
            np.testing.assert_array_equal(weights[name], array)


@pytest.mark.parametrize(("widest", "width"), [(1, 8), (8, 8), (9, 16), (32, 32), (256, 256)])
def test_padded_width_is_a_multiple_of_eight(widest, width):
    assert padded_width(widest) == width


def test_spread_gives_every_parameter_its_models_value():
    stack = make_stack("relu")
    real = stack.update_mask.bool()
    values = stack.spread(torch.tensor([1.0, 2.0, 3.0]))[real]
    counts = [int((values == value).sum()) for value in (1, 2, 3)]
    assert counts == [architecture.parameter_count for architecture in stack.architectures]


@pytest.mark.parametrize(
    "others",
    [
        [],
        [Architecture(5, 4, 2, 8, "relu")],
        [Architecture(5, 5, 3, 8, "relu")],
        [Architecture(5, 4, 3, 8, "relu", input_encoding="ordinal")],
    ],
)
def test_models_that_cannot_be_stacked_are_refused(others):
    with pytest.raises(ValueError, match="a stack holds"):
        StackedMLP([Architecture(5, 4, 3, 8, "relu"), *others], WIDTH)


def test_an_odd_number_of_rows_is_refused():
    with pytest.raises(ValueError, match="even"):
        Pass(make_stack("relu"), 13)


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_adam_equals_torchs_with_a_rate_a_model(schedule):
    generator = torch.Generator().manual_seed(0)
    steps, size, rates = 60, 40, (0.001, 0.03, 0.0)
    start = torch.randn(len(rates), size, generator=generator)
    gradients = torch.randn(steps, len(rates), size, generator=generator)
    gradients *= 10.0 ** torch.linspace(-6, 2, size)  # small ones, where epsilon counts, and large ones
    gradients[:, :, :5] = 0
    ours, buffer = start.clone().view(-1), torch.empty(len(rates) * size)
    adam = FlatAdam(ours, buffer, torch.tensor(rates).repeat_interleave(size))
    theirs = [torch.nn.Parameter(row.double()) for row in start]
    optimizer = torch.optim.Adam([{"params": [p], "lr": rate} for p, rate in zip(theirs, rates, strict=True)])
    for step in range(steps):
        factor = rate_factors(schedule, steps)[step]
        buffer.copy_(gradients[step].view(-1))
        adam.step(factor)
        for parameter, group, rate, gradient in zip(
            theirs, optimizer.param_groups, rates, gradients[step], strict=True
        ):
            group["lr"] = rate * factor
            parameter.grad = gradient.double()
        optimizer.step()
    expected = torch.stack([parameter.detach() for parameter in theirs])
    np.testing.assert_allclose(ours.view(len(rates), size), expected, rtol=2e-5, atol=2e-6)
    assert torch.equal(ours.view(len(rates), size)[2], start[2])
    assert (ours.view(len(rates), size)[:2, 5:] - start[:2, 5:]).abs().min() > 1e-5


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_schedules_equal_torchs(schedule):
    steps = 40
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    theirs = {
        "constant": torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0),
        "linear": torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps),
        "cosine": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps),
    }[schedule]
    for step in range(steps):
        assert rate_factors(schedule, steps)[step] == pytest.approx(theirs.get_last_lr()[0], abs=1e-9)
        optimizer.step()
        theirs.step()
