"""One subject model on one core: training and evaluation by mlp.c."""

import ctypes
import math
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from subject_zoo.base.terms import ACTIVATIONS, ADAM_BETAS, ADAM_EPSILON
from subject_zoo.kernels.library import load_kernel
from subject_zoo.kernels.memory import address, aligned_zeros, filled
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import Weights

_LANES = 8  # as in vectors.h


class _Network(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int32)
        for name in ("depth", "width", "neurons", "tokens", "vocabulary", "one_hot", "activation")
    ]


class _Adam(ctypes.Structure):
    _fields_ = [(name, ctypes.c_float) for name in ("one_less_beta1", "one_less_beta2", "epsilon")]


_ADAM = _Adam(1 - ADAM_BETAS[0], 1 - ADAM_BETAS[1], ADAM_EPSILON)


@cache
def _kernel() -> ctypes.CDLL:
    library = load_kernel(Path(__file__).with_name("mlp.c"))
    network, adam = ctypes.POINTER(_Network), ctypes.POINTER(_Adam)
    array, count = ctypes.c_void_p, ctypes.c_int64
    number, flag = ctypes.c_float, ctypes.c_int32
    library.parameter_floats.argtypes = library.scratch_floats.argtypes = [network]
    library.parameter_floats.restype = library.scratch_floats.restype = library.widest_layer.restype = count
    library.train_epoch.argtypes = [network, adam, *[array] * 7, count, count, *[array] * 3, number, *[array] * 4]
    library.evaluate.argtypes = [network, *[array] * 3, count, flag, array, array]
    library.classify_all.argtypes = [network, *[array] * 2, count, *[array] * 2, count, array]
    library.silence_each.argtypes = [network, *[array] * 3, count, array]
    library.train_epoch.restype = library.evaluate.restype = None
    library.classify_all.restype = library.silence_each.restype = None
    return library


class KernelMLP:
    """A network whose parameters lie as the kernel wants them: flat, layers padded with zeros to full vectors.

    `parameters` is float32 [P]; whatever is written to it (a copy of an earlier state) is the network from then on.
    `network` and `scratch` are the kernel's.
    """

    def __init__(self, architecture: Architecture, weights: Weights) -> None:
        """`weights` are float32 arrays by tensor name, as in nn.Sequential.

        Raises ValueError for a network without a hidden layer, or with a wider one than the kernel has room for.
        """
        widest = _kernel().widest_layer()
        if architecture.num_layers < 1 or not 1 <= architecture.neurons_per_layer <= widest:
            raise ValueError(
                f"{architecture.num_layers} layers of {architecture.neurons_per_layer} neurons; "
                f"the kernel takes 1 layer or more, of 1 to {widest} neurons"
            )
        self.architecture = architecture
        one_hot = architecture.input_encoding == "one_hot"
        self.network = _Network(
            depth=architecture.num_layers,
            width=filled(architecture.neurons_per_layer, _LANES),
            neurons=architecture.neurons_per_layer,
            tokens=architecture.sequence_length,
            vocabulary=architecture.vocab_size if one_hot else 1,
            one_hot=one_hot,
            activation=ACTIVATIONS.index(architecture.activation_type),
        )
        self.parameters = aligned_zeros(_kernel().parameter_floats(self.network), np.float32)
        self.scratch = aligned_zeros(_kernel().scratch_floats(self.network), np.float32)
        self._views = dict(self._tensors())
        for name, view in self._views.items():
            view[...] = weights[name]

    def _tensors(self) -> Iterator[tuple[str, np.ndarray]]:
        """(tensor name, the view of `parameters` that is this tensor) without the padding, layer by layer."""
        width, start = self.network.width, 0
        *hidden, output = zip(self.architecture.linear_names, self.architecture.layer_sizes, strict=True)
        for name, (inputs, outputs) in hidden:
            rows = filled(inputs, _LANES)
            matrix = self.parameters[start : start + rows * width].reshape(rows, width)
            yield f"{name}.weight", matrix[:inputs, :outputs].T
            start += rows * width
            yield f"{name}.bias", self.parameters[start : start + outputs]
            start += width
        name, (inputs, _) = output
        yield f"{name}.weight", self.parameters[None, start : start + inputs]
        yield f"{name}.bias", self.parameters[start + width : start + width + 1]

    def weights(self) -> Weights:
        """The parameters as tensors by name, float32, copies; any NaN is numpy's, whatever the processor's own is."""
        copies = {name: view.copy(order="C") for name, view in self._views.items()}
        for array in copies.values():
            array[np.isnan(array)] = np.nan
        return copies

    def logits(self, tokens: np.ndarray) -> np.ndarray:
        """Logits float32 [n] of tokens uint8 [n, T]; dropout is off. A row's bits do not depend on the others."""
        return self._evaluate(tokens, None, before=False)

    def activations(self, tokens: np.ndarray, before: bool) -> tuple[np.ndarray, np.ndarray]:
        """(hidden layers' values float32 [depth, n, neurons], logits float32 [n]) of tokens uint8 [n, T].

        The values are taken `before` the nonlinearity or after it.
        """
        shape = (self.architecture.num_layers, len(tokens), self.architecture.neurons_per_layer)
        values = np.empty(shape, np.float32)
        return values, self._evaluate(tokens, values, before)

    def classify_all(self) -> np.ndarray:
        """Whether the logit is above 0, bool [vocab_size ** T], of all sequences in the order of a dictionary.

        The same bits decide as those of `logits`.
        """
        letters, length = self.architecture.vocab_size, self.architecture.sequence_length
        positive = np.empty(letters**length, bool)
        prefixes = aligned_zeros(length * self.network.width, np.float32)
        sequence = np.empty(length, np.uint8)
        _kernel().classify_all(
            self.network,
            address(self.parameters),
            address(self.scratch),
            letters,
            address(prefixes),
            address(sequence),
            len(positive),
            address(positive),
        )
        return positive

    def classify_silenced(self, tokens: np.ndarray) -> np.ndarray:
        """Whether the logit is above 0, bool [n, depth, neurons], of tokens uint8 [n, T] where that hidden neuron's
        value after the nonlinearity is held at 0, one neuron at a time.

        The same bits decide as those of `logits` of a network without the weights that leave the neuron.
        """
        tokens = _checked(tokens, self.architecture)
        positive = np.empty((len(tokens), self.architecture.num_layers, self.architecture.neurons_per_layer), bool)
        _kernel().silence_each(
            self.network,
            address(self.parameters),
            address(self.scratch),
            address(tokens),
            len(tokens),
            address(positive),
        )
        return positive

    def _evaluate(self, tokens: np.ndarray, values: np.ndarray | None, before: bool) -> np.ndarray:
        tokens = _checked(tokens, self.architecture)
        logits = np.empty(len(tokens), np.float32)
        _kernel().evaluate(
            self.network,
            address(self.parameters),
            address(self.scratch),
            address(tokens),
            len(tokens),
            before,
            address(values),
            address(logits),
        )
        return logits


class KernelTraining:
    """Adam on mini-batches of one network (Kingma & Ba 2015, Algorithm 1), for the mean binary cross-entropy."""

    def __init__(
        self, mlp: KernelMLP, tokens: np.ndarray, labels: np.ndarray, batch_size: int, rates: Sequence[float]
    ) -> None:
        """Trains `mlp`, in place, on tokens uint8 [n, T] and labels bool [n].

        `rates` has the learning rate of every step there can be, `steps_per_epoch(n, batch_size)` an epoch.
        """
        self._mlp = mlp
        self._tokens = _checked(tokens, mlp.architecture)
        self._labels = np.ascontiguousarray(labels, np.uint8)
        self._batch_size = batch_size
        self._steps = steps_per_epoch(len(tokens), batch_size)
        self._steps_done = 0
        moments = [aligned_zeros(len(mlp.parameters), np.float32) for _ in range(2)]
        # By multiplication, which rounds alike everywhere; a power does not.
        powers = [np.cumprod(np.full(len(rates), beta)) for beta in ADAM_BETAS]
        self._rates = (np.asarray(rates, np.float64) / (1 - powers[0])).astype(np.float32)
        self._scales = (1 / np.sqrt(1 - powers[1])).astype(np.float32)
        self._plain_rates = np.asarray(rates, np.float32)
        self._anchor: np.ndarray | None = None
        self._penalties: np.ndarray | None = None
        self._buffers = (mlp.parameters, *moments, mlp.scratch, self._tokens, self._labels)  # held while C has them
        self._addresses = [address(buffer) for buffer in self._buffers]

    def hold(self, anchor: np.ndarray, penalties: np.ndarray) -> None:
        """From now on each step ends with a proximal one, towards `anchor` float32 [P]: each parameter's distance to it
        becomes less by its penalty, float32 [P], times the step's rate; an infinite penalty lets it not move at all.

        Raises ValueError for other shapes than that of `parameters`.
        """
        if anchor.shape != self._mlp.parameters.shape or penalties.shape != anchor.shape:
            raise ValueError(f"anchor {anchor.shape} and penalties {penalties.shape}, not {self._mlp.parameters.shape}")
        self._anchor = np.ascontiguousarray(anchor, np.float32)
        self._penalties = np.ascontiguousarray(penalties, np.float32)

    def epoch(self, order: np.ndarray, kept: np.ndarray | None = None) -> np.ndarray:
        """One pass over the rows in `order`, a permutation of n; the logits float32 [n] before each step, in `order`.

        `kept` is dropout's choice, bool [steps, depth, batch size, neurons], or None. Raises ValueError where shapes
        differ or no step is left.
        """
        architecture, count = self._mlp.architecture, len(self._tokens)
        order = np.ascontiguousarray(order, np.int32)
        shape = (self._steps, architecture.num_layers, self._batch_size, architecture.neurons_per_layer)
        if order.shape != (count,) or (kept is not None and kept.shape != shape):
            raise ValueError(f"an epoch is {count} rows, and dropout's choice {shape}")
        if not 0 <= order.min() <= order.max() < count:
            raise ValueError(f"the order goes from {order.min()} to {order.max()} where there are {count} rows")
        first, self._steps_done = self._steps_done, self._steps_done + self._steps
        if self._steps_done > len(self._rates):
            raise ValueError(f"there are rates for {len(self._rates)} steps, not {self._steps_done}")
        kept = None if kept is None else np.ascontiguousarray(kept, np.uint8)
        rates, scales, plain_rates = (of[first:] for of in (self._rates, self._scales, self._plain_rates))
        logits = np.empty(count, np.float32)
        _kernel().train_epoch(
            self._mlp.network,
            _ADAM,
            *self._addresses,
            address(order),
            count,
            self._batch_size,
            address(rates),
            address(scales),
            address(kept),
            1 / (1 - architecture.dropout_rate),
            address(self._anchor),
            address(self._penalties),
            address(plain_rates),
            address(logits),
        )
        return logits


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Batches, the last of which may be smaller."""
    return math.ceil(rows / batch_size)


def _checked(tokens: np.ndarray, architecture: Architecture) -> np.ndarray:
    """The tokens in the memory's order. Raises ValueError where C would read what is not there."""
    tokens = np.ascontiguousarray(tokens)
    if tokens.dtype != np.uint8 or tokens.ndim != 2 or tokens.shape[1] != architecture.sequence_length:
        raise ValueError(f"tokens are {tokens.dtype} {tokens.shape}, not uint8 [n, {architecture.sequence_length}]")
    if tokens.size and tokens.max() >= architecture.vocab_size:
        raise ValueError(f"token {tokens.max()} is not in a vocabulary of {architecture.vocab_size}")
    return tokens
