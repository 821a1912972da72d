"""What each hidden neuron does for each pattern: a network measured again with that one neuron silenced."""

from collections.abc import Mapping

import numpy as np

from subject_zoo.base.terms import SHARE_DECIMALS
from subject_zoo.evaluation.exam import Exam
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.model import StoredModel

Effects = dict[str, dict[str, list[float]]]  # by layer, and by selected pattern or background, of its neurons in order


def ablation_effects(model: StoredModel, exam: Exam, accuracy: Mapping[str, float]) -> Effects:
    """How far each of a model's accuracies, by selected pattern and background, falls on the exam where one hidden
    neuron is silenced; below 0 where it rises. JSON-ready; layers are keyed by their Linear's place in nn.Sequential.

    Silenced is a neuron whose value after the nonlinearity is 0, whatever the sequence (as in Morcos et al. 2018, "On
    the importance of single directions for generalization"): a network without the weights that leave it. The mean
    instead would be one over sequences that somebody has to choose, and a bias, that no weight of the record holds.
    """
    positive = KernelMLP(model.architecture, model.weights).classify_silenced(exam.tokens)

    def share(rows: np.ndarray) -> np.ndarray:
        return np.count_nonzero(positive[rows], axis=0) / len(rows)

    selected = [name for name in exam.pools.names if name in accuracy]
    silenced = {name: np.round(value, SHARE_DECIMALS) for name, value in exam.accuracies_by(share, selected).items()}
    falls = {name: np.round(accuracy[name] - value, SHARE_DECIMALS) for name, value in silenced.items()}
    layers = [name.removeprefix("network.") for name in model.architecture.linear_names[:-1]]
    return {layer: {name: fall[depth].tolist() for name, fall in falls.items()} for depth, layer in enumerate(layers)}
