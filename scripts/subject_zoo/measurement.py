"""What is measured of trained models: test verdicts and signatures."""

from collections.abc import Mapping
from itertools import groupby

import numpy as np

from subject_zoo.architecture import encode
from subject_zoo.forward_pass import layers, logits
from subject_zoo.signatures import ActivationSignatureExtractor
from subject_zoo.weights import StoredModel

_BLOCK_ROWS = 512  # so that a layer's values stay in the cache


def classify(models: Mapping[int, StoredModel], tokens: np.ndarray) -> dict[int, np.ndarray]:
    """Each model's verdict on each sequence of tokens uint8 [m, T]: bool [m], True where the logit is above 0."""
    verdicts = {}
    blocks: dict[str, list[np.ndarray]] = {}
    for example_id, model in models.items():
        encoding = model.architecture.input_encoding
        if encoding not in blocks:
            blocks[encoding] = _blocks(encode(tokens, model.architecture))
        parts = [logits(model, block) for block in blocks[encoding]]
        verdicts[example_id] = np.concatenate(parts)[: len(tokens)] > 0
    return verdicts


def _blocks(inputs: np.ndarray) -> list[np.ndarray]:
    """Rows in blocks of one size, the last filled with zeros, so that no row's result depends on how many there are."""
    count = -(-len(inputs) // _BLOCK_ROWS)
    filled = np.zeros((count * _BLOCK_ROWS, inputs.shape[1]), np.float32)
    filled[: len(inputs)] = inputs
    return np.split(filled, count)


def sign(
    models: Mapping[int, StoredModel], probes: np.ndarray, extractor: ActivationSignatureExtractor, activations: str
) -> dict[int, np.ndarray]:
    """Each model's signature over probes uint8 [m, T]: features float32 [neurons, F], layer after layer.

    Hidden layers' activations are taken after ("post") or before ("pre") the nonlinearity; the output neuron's
    is its logit. Neurons stand in layer order, the output's last.
    """
    signatures = {}
    inputs: dict[str, np.ndarray] = {}
    for example_id, model in models.items():
        encoding = model.architecture.input_encoding
        if encoding not in inputs:
            inputs[encoding] = encode(probes, model.architecture)
        taken = [both[activations == "post"] for both in layers(model, inputs[encoding])]
        # Layers of one width are signed together: most of the work on so few numbers is to begin it.
        parts = [extractor.extract(np.stack(list(group))) for _, group in groupby(taken, key=np.shape)]
        signatures[example_id] = np.concatenate([features for part in parts for features in part])
    return signatures
