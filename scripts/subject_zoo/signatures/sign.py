"""The signatures of models: their activations over the probes, and the statistics of these."""

from collections.abc import Mapping

import numpy as np

from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.model import StoredModel
from subject_zoo.signatures.extractor import ActivationSignatureExtractor


def sign(
    models: Mapping[int, StoredModel],
    probes: np.ndarray,
    extractor: ActivationSignatureExtractor,
    activations: str,
    layers: str,
) -> dict[int, np.ndarray]:
    """Each model's signature over probes uint8 [m, T]: features float32 [neurons, F], layer after layer.

    Hidden layers' activations are taken after ("post") or before ("pre") the nonlinearity; the output neuron's
    is its logit. Neurons stand in layer order, the output's last, or not at all where `layers` is "hidden".
    """
    hidden, logits = {}, []
    for example_id, model in models.items():
        mlp = KernelMLP(model.architecture, model.weights)
        values, own_logits = mlp.activations(probes, before=activations == "pre")
        hidden[example_id] = np.concatenate(extractor.extract(values))
        logits.append(own_logits)
    if layers == "hidden" or not models:
        return hidden
    # All output neurons at once: most of the work on so few numbers is to begin it.
    outputs = extractor.extract(np.stack(logits)[..., None])
    return {
        example_id: np.concatenate([of_layers, output])
        for (example_id, of_layers), output in zip(hidden.items(), outputs, strict=True)
    }
