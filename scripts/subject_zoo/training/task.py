"""What it takes to train one subject model, and what comes of it."""

from dataclasses import dataclass

import numpy as np

from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import Weights


@dataclass(frozen=True)
class TrainingTask:
    """One model to train: its start, its data and its own generators.

    `tokens` uint8 [n, T] and `labels` bool [n] hold both splits; `is_validation` bool [n] tells them apart and has
    the same number of True rows in all tasks of a call.
    """

    example_id: int
    architecture: Architecture
    weights: Weights
    tokens: np.ndarray
    labels: np.ndarray
    is_validation: np.ndarray
    learning_rate: float
    batches: np.random.Generator
    dropout: np.random.Generator

    def draw_kept(self, *leading: int) -> np.ndarray:
        """Dropout's choice, bool [*leading, neurons]: True for the neurons that it keeps."""
        shape = (*leading, self.architecture.neurons_per_layer)
        return self.dropout.random(shape, dtype=np.float32) >= np.float32(self.architecture.dropout_rate)


@dataclass(frozen=True)
class TrainedModel:
    """A trained model: the weights with the best validation loss, and its learning curves.

    `curves` has, per epoch run, `training_loss`, `validation_loss` (mean binary cross-entropy, nats) and
    `validation_accuracy`; `best_epoch` counts from 1, 0 being the start.
    """

    example_id: int
    architecture: Architecture
    weights: Weights
    curves: dict[str, list[float]]
    best_epoch: int
