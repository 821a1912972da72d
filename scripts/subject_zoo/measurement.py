"""What is measured of trained models: test verdicts and signatures."""

from collections.abc import Mapping

import numpy as np

from subject_zoo.mlp_kernel import KernelMLP
from subject_zoo.signatures import ActivationSignatureExtractor
from subject_zoo.weights import StoredModel


def classify(models: Mapping[int, StoredModel], tokens: np.ndarray) -> dict[int, np.ndarray]:
    """Each model's verdict on each sequence of tokens uint8 [m, T]: bool [m], True where the logit is above 0."""
    return {
        example_id: KernelMLP(model.architecture, model.weights).logits(tokens) > 0
        for example_id, model in models.items()
    }


def sign(
    models: Mapping[int, StoredModel], probes: np.ndarray, extractor: ActivationSignatureExtractor, activations: str
) -> dict[int, np.ndarray]:
    """Each model's signature over probes uint8 [m, T]: features float32 [neurons, F], layer after layer.

    Hidden layers' activations are taken after ("post") or before ("pre") the nonlinearity; the output neuron's
    is its logit. Neurons stand in layer order, the output's last.
    """
    hidden, logits = {}, []
    for example_id, model in models.items():
        mlp = KernelMLP(model.architecture, model.weights)
        values, own_logits = mlp.activations(probes, before=activations == "pre")
        hidden[example_id] = extractor.extract(values)
        logits.append(own_logits)
    if not models:
        return {}
    # All output neurons at once: most of the work on so few numbers is to begin it.
    outputs = extractor.extract(np.stack(logits)[..., None])
    return {
        example_id: np.concatenate([*of_layers, output])
        for (example_id, of_layers), output in zip(hidden.items(), outputs, strict=True)
    }
