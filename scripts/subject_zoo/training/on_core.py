"""One subject model's training on one CPU core."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from subject_zoo.kernels.mlp import KernelMLP, KernelTraining, steps_per_epoch
from subject_zoo.training.loss import cross_entropy
from subject_zoo.training.progress import EarlyStopping
from subject_zoo.training.rates import rate_factors
from subject_zoo.training.restraint import Restraint
from subject_zoo.training.task import TrainedModel, TrainingTask


def train_on_core(
    task: TrainingTask,
    training: Mapping[str, Any],
    epochs: int,
    rate_scale: float = 1.0,
    restraint: Restraint | None = None,
) -> TrainedModel:
    """Train one model for at most `epochs`, its learning rate times `rate_scale`; `training` as in the config. Where a
    restraint is given, the best epoch is one of those after its own."""
    batch, held = training["batch_size"], task.is_validation
    tokens, labels = task.tokens[~held], task.labels[~held]
    validation_tokens, validation_labels = task.tokens[held], task.labels[held]
    steps, dropout = steps_per_epoch(len(labels), batch), task.architecture.dropout_rate > 0
    rate = task.learning_rate * rate_scale
    rates = [rate * factor for factor in rate_factors(training["lr_schedule"], epochs * steps)]
    mlp = KernelMLP(task.architecture, task.weights)
    run = KernelTraining(mlp, tokens, labels, batch, rates)
    restrained = restraint.epochs if restraint else 0
    progress = EarlyStopping(training["early_stopping_patience"], restrained)
    start, best = mlp.parameters.copy(), mlp.parameters.copy()
    if restraint:
        run.hold(start, restraint.penalties(start))
    seen_logits = np.zeros((epochs, len(labels)), np.float32)
    seen_labels = np.zeros((epochs, len(labels)), bool)
    for epoch in range(epochs):
        if restraint and epoch == restrained:
            free = restraint.penalties_after(mlp.parameters - start, task.architecture.parameter_count)
            mlp.parameters[:] = np.where(free > 0, start, mlp.parameters)
            run.hold(start, free)
        order = task.batches.permutation(len(labels))
        kept = task.draw_kept(steps, task.architecture.num_layers, batch) if dropout else None
        seen_logits[epoch], seen_labels[epoch] = run.epoch(order, kept), labels[order]
        logits = mlp.logits(validation_tokens)
        loss = cross_entropy(logits[None], validation_labels[None])[0]
        if progress.update(loss, ((logits > 0) == validation_labels).mean()):
            best[:] = mlp.parameters
        if progress.stopped:
            break
    mlp.parameters[:] = best
    curves = progress.curves(cross_entropy(seen_logits, seen_labels, _row_weights(len(labels), batch)))
    return TrainedModel(task.example_id, task.architecture, mlp.weights(), curves, progress.best_epoch)


def _row_weights(rows: int, batch: int) -> np.ndarray:
    """Each row's weight in an epoch's loss, float64 [rows], which is the mean over batches of each batch's mean."""
    sizes = np.array([min(batch, rows - start) for start in range(0, rows, batch)])
    return np.repeat(1 / (len(sizes) * sizes), sizes)
