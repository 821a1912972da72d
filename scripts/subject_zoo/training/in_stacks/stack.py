"""Training many subject models at once, by torch: for devices that are slow at one small thing after another.

Every stack has the same number of models, the last one filled with copies: so no product has a shape that depends on
the range, and none chooses another algorithm, with other bits, for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.encoding import encode
from subject_zoo.training.in_stacks.adam import FlatAdam
from subject_zoo.training.in_stacks.inference import BlockedInference
from subject_zoo.training.in_stacks.mlp import Pass, StackedMLP, padded_width
from subject_zoo.training.loss import cross_entropy
from subject_zoo.training.progress import EarlyStopping
from subject_zoo.training.rates import rate_factors
from subject_zoo.training.restraint import Restraint
from subject_zoo.training.task import TrainedModel, TrainingTask

STACK_SIZE = 128  # models trained together: Python's cost of a step is shared by them


def train_in_stacks(
    tasks: Sequence[TrainingTask],
    training: Mapping[str, Any],
    epochs: int,
    rate_scale: float,
    restraint: Restraint | None,
    widest: int,
    device: str,
) -> list[TrainedModel]:
    """Train every task for at most `epochs`, its learning rate times `rate_scale`; results in task order.

    `training` is the config's section; `widest` the largest number of neurons a layer can have in the project.
    """
    results: dict[int, TrainedModel] = {}
    for positions in _stacks([task.architecture for task in tasks]):
        run = _StackRun([tasks[p] for p in positions], training, padded_width(widest), device)
        for position, model in zip(positions, run.train(epochs, rate_scale, restraint), strict=True):
            results[position] = model
    return [results[position] for position in range(len(tasks))]


def _stacks(architectures: Sequence[Architecture]) -> Iterator[list[int]]:
    """Positions of models that can be stacked, at most STACK_SIZE of them; those of one activation side by side."""
    groups: dict[tuple[int, bool], list[int]] = {}
    for position, a in enumerate(architectures):
        groups.setdefault((a.num_layers, a.dropout_rate > 0), []).append(position)
    for positions in groups.values():
        positions.sort(key=lambda position: architectures[position].activation_type)
        yield from (positions[start : start + STACK_SIZE] for start in range(0, len(positions), STACK_SIZE))


class _StackRun:
    """One stack on its way through the epochs. A model that stops early keeps its best weights from then on."""

    def __init__(self, tasks: list[TrainingTask], training: Mapping[str, Any], width: int, device: str) -> None:
        self.wanted = len(tasks)
        tasks = [*tasks, *tasks[:1] * (STACK_SIZE - len(tasks))]
        self.tasks, self.training, self.device = tasks, training, device
        self.stack = StackedMLP([task.architecture for task in tasks], width, device)
        self.stack.load([task.weights for task in tasks])
        self.has_dropout = tasks[0].architecture.dropout_rate > 0
        self.inputs, self.labels = self._split(validation=False)
        self.row_weights = self._row_weights()
        validation_inputs, validation_labels = self._split(validation=True)
        self.validation = BlockedInference(self.stack, validation_inputs.float())
        self.validation_labels = validation_labels.squeeze(-1).cpu().numpy()

    def _split(self, validation: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Encoded rows uint8 [k, n, input_size] and labels float32 [k, n, 1] of one split of every model.

        Bytes, of which a device holds and moves a quarter of what floats are; a batch becomes floats when it is drawn.
        """
        tasks = self.tasks
        inputs = np.stack([encode(t.tokens[t.is_validation == validation], t.architecture, np.uint8) for t in tasks])
        labels = np.stack([t.labels[t.is_validation == validation] for t in tasks])
        return self._on_device(inputs), self._on_device(labels[..., None].astype(np.float32))

    def _row_weights(self) -> torch.Tensor:
        """Each row's weight in its batch's mean loss, float32 [steps, rows, 1]; 0 for rows that only fill."""
        batch, count = self.training["batch_size"], self.inputs.shape[1]
        weights = np.zeros((-(-count // batch), batch + batch % 2, 1), np.float32)
        for step, rows in enumerate(weights):
            real = min(batch, count - step * batch)
            rows[:real] = 1 / real
        return self._on_device(weights)

    def _on_device(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device)

    def train(self, epochs: int, rate_scale: float, restraint: Restraint | None) -> list[TrainedModel]:
        """Run the epochs; the trained models without those that only fill the stack."""
        rates = torch.tensor([task.learning_rate * rate_scale for task in self.tasks], device=self.device)
        adam = FlatAdam(self.stack.parameters, self.stack.gradients, self.stack.spread(rates) * self.stack.update_mask)
        batches = Pass(self.stack, self.row_weights.shape[1])
        restrained = restraint.epochs if restraint else 0
        progress = [EarlyStopping(self.training["early_stopping_patience"], restrained) for _ in self.tasks]
        start, best = self.stack.parameters.clone(), self.stack.parameters.clone()
        training_losses = np.zeros((len(self.tasks), epochs))
        if restraint:
            adam.hold(start, torch.full_like(start, restraint.penalty))
        for epoch in range(epochs):
            if restraint and epoch == restrained:
                self._let_go(adam, start, restraint)
            training_losses[:, epoch] = self._epoch(batches, adam, epoch, epochs)
            logits = self.validation.logits().cpu().numpy()
            losses = cross_entropy(logits, self.validation_labels)
            accuracies = ((logits > 0) == (self.validation_labels > 0.5)).mean(axis=1)
            figures = zip(progress, losses, accuracies, strict=True)
            is_best = np.array([model.update(loss, accuracy) for model, loss, accuracy in figures], np.float32)
            chosen = self.stack.spread(self._on_device(is_best))
            torch.where(chosen > 0, self.stack.parameters, best, out=best)
            if all(model.stopped for model in progress):
                break
        self.stack.parameters.copy_(best)
        return [
            TrainedModel(task.example_id, task.architecture, weights, model.curves(of_epochs), model.best_epoch)
            for task, weights, model, of_epochs in zip(
                self.tasks[: self.wanted], self.stack.unload(), progress, training_losses, strict=False
            )
        ]

    def _let_go(self, adam: FlatAdam, start: torch.Tensor, restraint: Restraint) -> None:
        """Free what changed most of each model, and put the rest back to the start."""
        change = self.stack.parameters - start
        penalties = torch.full_like(start, torch.inf)
        for task, of_model in zip(self.tasks, self.stack.places(), strict=True):
            free = restraint.penalties_after(change[of_model].cpu().numpy(), task.architecture.parameter_count)
            penalties[of_model] = self._on_device(free)
        torch.where(penalties > 0, start, self.stack.parameters, out=self.stack.parameters)
        adam.hold(start, penalties)

    def _epoch(self, batches: Pass, adam: FlatAdam, epoch: int, epochs: int) -> np.ndarray:
        """One pass over the training rows; the mean loss of every model, float64 [k]."""
        steps, rows, _ = self.row_weights.shape
        factors = rate_factors(self.training["lr_schedule"], epochs * steps)
        order = self._order(steps, rows)
        labels = self.labels.view(-1)[order].view(steps, -1, rows, 1)
        all_logits = torch.empty_like(labels)
        flat_inputs = self.inputs.view(-1, self.inputs.shape[2])
        inputs = torch.empty(len(self.tasks), rows, self.inputs.shape[2], device=self.device)
        drawn = torch.empty(order.shape[1], self.inputs.shape[2], dtype=torch.uint8, device=self.device)
        for step in range(steps):
            inputs.view(-1, self.inputs.shape[2]).copy_(torch.index_select(flat_inputs, 0, order[step], out=drawn))
            dropout = self._dropout_masks(rows)
            logits = batches.forward(inputs, dropout)
            all_logits[step] = logits
            # d/dz of binary cross-entropy with logits is sigmoid(z) - y
            errors = torch.sigmoid(logits).sub_(labels[step]).mul_(self.row_weights[step])
            batches.backward(inputs, errors, dropout)
            adam.step(factors[epoch * steps + step])
        logits_of_models, labels_of_models = (t.transpose(0, 1).flatten(1).cpu().numpy() for t in (all_logits, labels))
        return cross_entropy(logits_of_models, labels_of_models, self.row_weights.flatten().cpu().numpy() / steps)

    def _order(self, steps: int, rows: int) -> torch.Tensor:
        """Every step's rows as indices into all models' rows, int64 [steps, k * rows], a permutation a model."""
        count, batch = self.inputs.shape[1], self.training["batch_size"]
        order = np.zeros((len(self.tasks), steps * batch), np.int64)
        for model, task in enumerate(self.tasks[: self.wanted]):
            order[model, :count] = task.batches.permutation(count)
        order[self.wanted :] = order[0]  # a model that fills the stack must not draw from the first one's generator
        order += count * np.arange(len(self.tasks))[:, None]
        order = order.reshape(len(self.tasks), steps, batch)
        order = np.pad(order, ((0, 0), (0, 0), (0, rows - batch)), mode="edge")
        return self._on_device(np.ascontiguousarray(order.transpose(1, 0, 2)).reshape(steps, -1))

    def _dropout_masks(self, rows: int) -> list[torch.Tensor] | None:
        """Inverted-dropout masks [k, rows, width] a hidden layer (0 or 1 / keep rate), or None without dropout.

        Drawn at a model's own width, so that padding does not change the draws.
        """
        if not self.has_dropout:
            return None
        batch = self.training["batch_size"]
        masks = np.zeros((self.stack.depth, len(self.tasks), rows, self.stack.width), np.float32)
        for model, task in enumerate(self.tasks[: self.wanted]):
            neurons, rate = task.architecture.neurons_per_layer, np.float32(task.architecture.dropout_rate)
            masks[:, model, :batch, :neurons] = task.draw_kept(self.stack.depth, batch) / (1 - rate)
        return list(self._on_device(masks))
