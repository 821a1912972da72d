"""Many small networks as one: forward and hand-written backward passes by batched matrix products.

Models that share a depth are stacked along a first axis and their layers padded with zeros to one
width. Padding is exact: a padded unit has zero outgoing weights, so it adds nothing forward, and its parameters
are held still by `update_mask`, so it learns nothing, whatever the activation gives at 0.

The result of one model does not depend on its neighbours. Elementwise kernels treat a vector's tail with other
code than its body, so widths are multiples of 8 and rows even: then no model starts or ends inside a vector.
A stack of one takes another path inside the matrix library, so a stack holds at least two models.
"""

import math
from collections.abc import Sequence
from itertools import groupby, pairwise

import torch

from subject_zoo.base.terms import LEAKY_SLOPE
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import Weights

_SMALLEST_STACK = 2
_WIDTH_MULTIPLE = 8
_ALIGNMENT = 16  # floats: every block of parameters starts on a 64-byte line
_aten = torch.ops.aten


def padded_width(widest: int) -> int:
    """The common width for layers of up to `widest` neurons; it must come from the config, not from the stack."""
    return math.ceil(widest / _WIDTH_MULTIPLE) * _WIDTH_MULTIPLE


def _runs(activations: Sequence[str]) -> list[tuple[str, slice]]:
    """Each activation with the neighbours that have it."""
    runs, start = [], 0
    for activation, members in groupby(activations):
        stop = start + len(list(members))
        runs.append((activation, slice(start, stop)))
        start = stop
    return runs


class StackedMLP:
    """k networks of one depth; parameters in one flat float32 buffer, gradients in another.

    `weights[l]` is [k, inputs, outputs] (transposed against nn.Linear, so that rows @ weights needs no
    transpose), `biases[l]` [k, 1, outputs], both views of `parameters`; `weight_gradients` and `bias_gradients`
    are the same views of `gradients`. `update_mask` is 1 where a parameter is real and 0 where it is padding.
    """

    def __init__(self, architectures: Sequence[Architecture], width: int, device: str = "cpu") -> None:
        """Stack models of equal depth and input size; raises ValueError where these differ.

        Neighbours of one activation share its kernels, so models should come sorted by activation.
        """
        first = architectures[0]
        if len({(a.num_layers, a.input_size) for a in architectures}) != 1:
            raise ValueError("a stack holds models of one depth and input size")
        if len(architectures) < _SMALLEST_STACK:
            raise ValueError(f"a stack holds at least {_SMALLEST_STACK} models")
        self.architectures = list(architectures)
        self.count = len(architectures)
        self.width = width
        self.activations = _runs([a.activation_type for a in architectures])
        self.depth = first.num_layers
        widths = [first.input_size, *[width] * self.depth, 1]
        self.sizes = list(pairwise(widths))
        self.device = device
        self.parameters, self.weights, self.biases = self._allocate()
        self.gradients, self.weight_gradients, self.bias_gradients = self._allocate()
        self.update_mask, mask_weights, mask_biases = self._allocate()
        for model, architecture in enumerate(architectures):
            for layer, (inputs, outputs) in enumerate(architecture.layer_sizes):
                mask_weights[layer][model, :inputs, :outputs] = 1
                mask_biases[layer][model, :, :outputs] = 1

    def _allocate(self) -> tuple[torch.Tensor, list[torch.Tensor], list[torch.Tensor]]:
        """A zeroed flat buffer and its views by layer."""
        shapes = [(self.count, i, o) for i, o in self.sizes] + [(self.count, 1, o) for _, o in self.sizes]
        lengths = [math.ceil(math.prod(shape) / _ALIGNMENT) * _ALIGNMENT for shape in shapes]
        flat = torch.zeros(sum(lengths), device=self.device)
        starts = [sum(lengths[:index]) for index in range(len(lengths))]
        views = [
            flat[start : start + math.prod(shape)].view(shape) for start, shape in zip(starts, shapes, strict=True)
        ]
        return flat, views[: len(self.sizes)], views[len(self.sizes) :]

    def spread(self, per_model: torch.Tensor) -> torch.Tensor:
        """One value a model, float32 [k], as a flat buffer shaped like `parameters`."""
        flat, weights, biases = self._allocate()
        for view in (*weights, *biases):
            view.copy_(per_model.view(-1, 1, 1))
        return flat

    def places(self) -> list[torch.Tensor]:
        """Where each model's parameters, without padding, stand in `parameters`: int64 indices, model by model."""
        owners = self.spread(torch.arange(1, self.count + 1, device=self.device).float()) * self.update_mask
        return [torch.nonzero(owners == model, as_tuple=True)[0] for model in range(1, self.count + 1)]

    def load(self, models: Sequence[Weights]) -> None:
        """Set the parameters from tensors by name ([outputs, inputs] float32, unpadded)."""
        for index, (architecture, weights) in enumerate(zip(self.architectures, models, strict=True)):
            for layer, name in enumerate(architecture.linear_names):
                inputs, outputs = architecture.layer_sizes[layer]
                matrix = torch.from_numpy(weights[f"{name}.weight"].copy())
                self.weights[layer][index, :inputs, :outputs] = matrix.T.to(self.device)
                bias = torch.from_numpy(weights[f"{name}.bias"].copy())
                self.biases[layer][index, 0, :outputs] = bias.to(self.device)

    def unload(self) -> list[Weights]:
        """The parameters as tensors by name, unpadded, in numpy."""
        stacked = [
            (w.transpose(1, 2).cpu().numpy(), b[:, 0].cpu().numpy())
            for w, b in zip(self.weights, self.biases, strict=True)
        ]
        models = []
        for index, architecture in enumerate(self.architectures):
            weights: Weights = {}
            for layer, name in enumerate(architecture.linear_names):
                inputs, outputs = architecture.layer_sizes[layer]
                matrix, bias = stacked[layer]
                weights[f"{name}.weight"] = matrix[index, :outputs, :inputs].copy()
                weights[f"{name}.bias"] = bias[index, :outputs].copy()
            models.append(weights)
        return models


class Pass:
    """Buffers for passes of a fixed number of rows through a stack, allocated once.

    `pre[l]` are the values before the nonlinearity of hidden layer l, `post[l]` after it, float32
    [k, rows, width]; they share memory where the derivative can be had from `post` alone.
    """

    def __init__(self, stack: StackedMLP, rows: int) -> None:
        """Buffers for `rows` rows, an even number. Raises ValueError for an odd one."""
        if rows % 2:
            raise ValueError("rows must be even: a model must not end inside a vector")
        self.stack = stack
        self.rows = rows
        self.post = [self._buffer() for _ in range(stack.depth)]
        separate = any(activation == "gelu" for activation, _ in stack.activations)
        self.pre = [self._buffer() for _ in range(stack.depth)] if separate else self.post
        self.logits = torch.empty(stack.count, rows, 1, device=stack.device)
        # A delta is never in the buffer of the one before. All views are made here: made anew at each step, they take
        # a tenth of the time.
        deltas = (self._buffer(), self._buffer())
        self._deltas = [deltas[layer % 2] for layer in range(stack.depth)]
        self._post_transposed = [post.transpose(1, 2) for post in self.post]
        self._weights_transposed = [weights.transpose(1, 2) for weights in stack.weights]
        self._by_activation: list[list[tuple[str, torch.Tensor, torch.Tensor, torch.Tensor]]] = [
            [(activation, pre[models], post[models], delta[models]) for activation, models in stack.activations]
            for pre, post, delta in zip(self.pre, self.post, self._deltas, strict=True)
        ]

    def _buffer(self) -> torch.Tensor:
        return torch.empty(self.stack.count, self.rows, self.stack.width, device=self.stack.device)

    def forward(self, inputs: torch.Tensor, dropout: Sequence[torch.Tensor] | None = None) -> torch.Tensor:
        """Logits float32 [k, rows, 1] of encoded rows [k, rows, input_size]; kept for `backward`.

        `dropout`, one mask [k, rows, width] a hidden layer, multiplies the activations.
        """
        stack, values = self.stack, inputs
        for layer in range(stack.depth):
            torch.baddbmm(stack.biases[layer], values, stack.weights[layer], out=self.pre[layer])
            for activation, pre, post, _ in self._by_activation[layer]:
                activate(activation, pre, post)
            values = self.post[layer]
            if dropout is not None:
                values = torch.mul(values, dropout[layer])
        return torch.baddbmm(stack.biases[-1], values, stack.weights[-1], out=self.logits)

    def backward(
        self,
        inputs: torch.Tensor,
        logit_gradients: torch.Tensor,
        dropout: Sequence[torch.Tensor] | None = None,
    ) -> None:
        """Fill the stack's gradients from dLoss/dlogits [k, rows, 1] of the latest `forward`."""
        stack = self.stack
        delta = logit_gradients
        for layer in range(stack.depth, -1, -1):
            values = inputs.transpose(1, 2) if layer == 0 else self._post_transposed[layer - 1]
            if layer > 0 and dropout is not None:
                values = (self.post[layer - 1] * dropout[layer - 1]).transpose(1, 2)
            torch.bmm(values, delta, out=stack.weight_gradients[layer])
            torch.sum(delta, 1, keepdim=True, out=stack.bias_gradients[layer])
            if layer == 0:
                return
            target = self._deltas[layer - 1]
            torch.bmm(delta, self._weights_transposed[layer], out=target)
            if dropout is not None:
                target.mul_(dropout[layer - 1])
            for activation, pre, post, part in self._by_activation[layer - 1]:
                differentiate(activation, part, pre, post)
            delta = target


def activate(activation: str, pre: torch.Tensor, post: torch.Tensor) -> None:
    """post = activation(pre), in place where both are one tensor."""
    if activation == "relu":
        torch.clamp_min(pre, 0.0, out=post)
    elif activation == "leaky_relu":
        _aten.leaky_relu.out(pre, LEAKY_SLOPE, out=post)
    elif activation == "sigmoid":
        torch.sigmoid(pre, out=post)
    elif activation == "tanh":  # tanh x = 2 sigmoid(2x) - 1: the vector sigmoid takes a third of tanh's time
        torch.mul(pre, 2.0, out=post)
        post.sigmoid_().mul_(2.0).sub_(1.0)
    else:
        _aten.gelu.out(pre, out=post)


def differentiate(activation: str, delta: torch.Tensor, pre: torch.Tensor, post: torch.Tensor) -> None:
    """delta *= activation'(pre), in place; the derivative comes from `post` except for GELU's."""
    if activation == "relu":
        _aten.threshold_backward.grad_input(delta, post, 0.0, grad_input=delta)
    elif activation == "leaky_relu":
        _aten.leaky_relu_backward.grad_input(delta, post, LEAKY_SLOPE, True, grad_input=delta)
    elif activation == "sigmoid":
        _aten.sigmoid_backward.grad_input(delta, post, grad_input=delta)
    elif activation == "tanh":
        _aten.tanh_backward.grad_input(delta, post, grad_input=delta)
    else:
        _aten.gelu_backward.grad_input(delta, pre, grad_input=delta)
