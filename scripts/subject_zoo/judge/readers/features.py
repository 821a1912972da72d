"""Numbers that describe a network whatever the order of its neurons, for readers that know nothing of networks."""

import warnings
from collections.abc import Sequence

import numpy as np

from subject_zoo.judge.material import Accepted, Networks, metadata_of

_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


def describe(rung: str, networks: Networks, accepted: Sequence[Accepted]) -> np.ndarray:
    """float64 [n, d]: what a rung of the ladder may see of each network."""
    form = networks.form.astype(np.float64)
    parts = {
        "metadata": [np.array([metadata_of(one) for one in accepted], np.float64)],
        "output_signature": [form, networks.output_signature],
        "hidden_signature": [form, _of_neurons(networks.hidden_signature, networks.is_real)],
        "weights": [form, _of_weights(networks)],
    }
    parts["shuffled_labels"] = parts["weights"]
    parts["weights_and_signature"] = [*parts["weights"], *parts["output_signature"], *parts["hidden_signature"]]
    return np.hstack([part.astype(np.float64) for part in parts[rung]])


def _of_neurons(values: np.ndarray, is_real: np.ndarray) -> np.ndarray:
    """Of each layer and feature [n, D, W, F]: mean, standard deviation and quantiles over its neurons; NaN of none."""
    spread = np.where(is_real[..., None], values, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of layers that a network does not have
        summary = [np.nanmean(spread, axis=2), np.nanstd(spread, axis=2)]
        summary += list(np.nanquantile(spread, _QUANTILES, axis=2))
    return np.stack(summary, axis=-1).reshape(len(values), -1)


def _of_weights(networks: Networks) -> np.ndarray:
    """Paths from each input to the output, through weights and through their magnitudes; biases; and how the first
    layer's weights on each input spread over neurons, plainly and by how much a neuron counts for the output."""
    reach, size = networks.last.copy(), np.abs(networks.last)
    for layer in range(networks.between.shape[1] - 1, 0, -1):  # from the output down: what each neuron counts
        matrix = networks.between[:, layer]
        reach[:, layer - 1] = reach[:, layer - 1] + np.einsum("no,noi->ni", reach[:, layer], matrix)
        size[:, layer - 1] = size[:, layer - 1] + np.einsum("no,noi->ni", size[:, layer], np.abs(matrix))
    first, real = networks.first, networks.is_real[:, 0, :, None]
    counted = first * reach[:, 0, :, None]
    columns = [
        counted.sum(1),
        (np.abs(first) * size[:, 0, :, None]).sum(1),
        np.where(real, first, 0).std(1),
        *np.quantile(counted, (0.0, 0.1, 0.5, 0.9, 1.0), axis=1),
    ]
    biases = _of_neurons(networks.biases[..., None], networks.is_real)
    return np.hstack([*columns, biases, networks.output_bias[:, None]])
