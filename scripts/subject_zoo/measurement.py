"""What is measured of trained models, for all models of a range at once: test verdicts and signatures."""

from collections.abc import Iterator, Mapping

import numpy as np
import torch

from subject_zoo.architecture import encode
from subject_zoo.inference import BlockedInference
from subject_zoo.signatures import ActivationSignatureExtractor
from subject_zoo.stacked_mlp import SMALLEST_STACK, Pass, StackedMLP
from subject_zoo.trainer import STACK_SIZE, stacks_of
from subject_zoo.weights import StoredModel


def _stacks(
    models: Mapping[int, StoredModel], tokens: np.ndarray, width: int
) -> Iterator[tuple[list[int], StackedMLP, torch.Tensor]]:
    """Example ids, their models stacked, and the tokens uint8 [m, T] encoded for them, float32 [1, m, inputs]."""
    ids = list(models)
    for positions in stacks_of([models[i].architecture for i in ids], STACK_SIZE):
        members = [ids[position] for position in positions]
        filled = [*members, *members[:1] * (SMALLEST_STACK - len(members))]
        stack = StackedMLP([models[i].architecture for i in filled], width)
        stack.load([models[i].weights for i in filled])
        yield members, stack, torch.from_numpy(encode(tokens, stack.architectures[0]))[None]


def classify(models: Mapping[int, StoredModel], tokens: np.ndarray, width: int) -> dict[int, np.ndarray]:
    """Each model's verdict on each sequence of tokens uint8 [m, T]: bool [m], True where the logit is above 0.

    `width` is the project's padded width.
    """
    verdicts = {}
    for ids, stack, inputs in _stacks(models, tokens, width):
        positive = (BlockedInference(stack, inputs).logits() > 0).numpy()
        verdicts |= dict(zip(ids, positive, strict=False))
    return verdicts


def sign(
    models: Mapping[int, StoredModel],
    probes: np.ndarray,
    extractor: ActivationSignatureExtractor,
    activations: str,
    width: int,
) -> dict[int, np.ndarray]:
    """Each model's signature over probes uint8 [m, T]: features float32 [neurons, F], layer after layer.

    Hidden layers' activations are taken after ("post") or before ("pre") the nonlinearity; the output neuron's
    is its logit. Neurons stand in layer order, the output's last.
    """
    signatures = {}
    rows = len(probes) + len(probes) % 2
    probes_filled = np.concatenate([probes, probes[: rows - len(probes)]])
    for ids, stack, inputs in _stacks(models, probes_filled, width):
        buffers = Pass(stack, rows, keep_pre=activations == "pre")
        logits = buffers.forward(inputs.expand(stack.count, -1, -1))
        hidden = buffers.pre if activations == "pre" else buffers.post
        by_layer = [extractor.extract(layer[:, : len(probes)].numpy()) for layer in (*hidden, logits)]
        for index, (example_id, architecture) in enumerate(zip(ids, stack.architectures, strict=False)):
            widths = [outputs for _, outputs in architecture.layer_sizes]
            signatures[example_id] = np.concatenate(
                [features[index, :real] for features, real in zip(by_layer, widths, strict=True)]
            )
    return signatures
