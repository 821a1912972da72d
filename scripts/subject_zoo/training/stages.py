"""The two trainings of an example, for all examples of a range at once."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from subject_zoo.base.randomness import Purpose, example_generator
from subject_zoo.examples.plan import ExamplePlan
from subject_zoo.examples.sampler import Example, ExampleDataset
from subject_zoo.networks.architecture import could_fit
from subject_zoo.networks.model import StoredModel, Weights
from subject_zoo.networks.rounding import publishable
from subject_zoo.training.rates import step_size
from subject_zoo.training.restraint import Restraint
from subject_zoo.training.start import initial_weights, normal_weights
from subject_zoo.training.task import TrainingTask
from subject_zoo.training.trainer import SubjectModelTrainer

_CURVE_DECIMALS = 6


def train_degraded(config: Mapping[str, Any], examples: Mapping[int, Example], device: str) -> dict[int, StoredModel]:
    """Stage 1: every example's model, from its initial weights, on its corrupted labels.

    Where no modification is asked for these are the clean ones, and it is the only stage. Networks whose prompt could
    never fit `format.max_prompt_chars` are not trained.
    """
    room, decimals = config["format"]["max_prompt_chars"], config["model"]["weight_decimals"]
    draw = normal_weights if config["training"]["maker"] == "torch" else initial_weights
    tasks = []
    for plan, dataset in examples.values():
        if could_fit(plan.architecture, room, decimals):
            rng = example_generator(config["seed"], plan.drawn_from, Purpose.INITIAL_WEIGHTS)
            weights = draw(plan.architecture, rng)
            purposes = Purpose.DEGRADED_BATCHES, Purpose.DEGRADED_DROPOUT
            tasks.append(_task(config["seed"], plan, dataset, dataset.corrupted_labels, weights, purposes))
    return _train(config, tasks, config["training"]["degraded_epochs"], 1.0, None, device)


def train_improved(
    config: Mapping[str, Any], examples: Mapping[int, Example], degraded: Mapping[int, StoredModel], device: str
) -> dict[int, StoredModel]:
    """Stage 2: the same models from exactly stage 1's published weights, on clean labels.

    The rate is stage 1's times `improvement_lr_factor`, and few of the weights change, by `improvement_penalty`. With
    `improvement_data: corrupted`, a control, on the corrupted labels again. Where no modification is asked for there
    is nothing to mend: they are stage 1's models themselves.
    """
    if not config["task_generation"]["include_modification"]:
        return dict(degraded)
    training = config["training"]
    tasks = []
    for example_id, model in degraded.items():
        plan, dataset = examples[example_id]
        labels = dataset.labels if training["improvement_data"] == "clean" else dataset.corrupted_labels
        purposes = Purpose.IMPROVEMENT_BATCHES, Purpose.IMPROVEMENT_DROPOUT
        tasks.append(_task(config["seed"], plan, dataset, labels, model.weights, purposes))
    epochs, rate_scale = training["improvement_epochs"], training["improvement_lr_factor"]
    return _train(config, tasks, epochs, rate_scale, Restraint.of(training), device)


def _task(
    seed: int,
    plan: ExamplePlan,
    dataset: ExampleDataset,
    labels: np.ndarray,
    weights: Weights,
    purposes: tuple[Purpose, Purpose],
) -> TrainingTask:
    """One training of an example's model; `purposes` are those of its batches and of its dropout."""
    batches, dropout = (example_generator(seed, plan.drawn_from, purpose) for purpose in purposes)
    return TrainingTask(
        example_id=plan.example_id,
        architecture=plan.architecture,
        weights=weights,
        tokens=dataset.tokens,
        labels=labels,
        is_validation=dataset.is_validation,
        learning_rate=step_size(plan.architecture.activation_type, plan.learning_rate),
        batches=batches,
        dropout=dropout,
    )


def _train(
    config: Mapping[str, Any],
    tasks: list[TrainingTask],
    epochs: int,
    rate_scale: float,
    restraint: Restraint | None,
    device: str,
) -> dict[int, StoredModel]:
    training, model = config["training"], config["model"]
    trainer = SubjectModelTrainer(training, max(model["neurons_per_layer"]), device)
    stored = {}
    for trained in trainer.train(tasks, epochs, rate_scale, restraint):
        curves = {name: [round(value, _CURVE_DECIMALS) for value in curve] for name, curve in trained.curves.items()}
        stored[trained.example_id] = StoredModel(
            trained.architecture,
            publishable(trained.weights, training["quantization"], model["precision"], model["weight_decimals"]),
            {"best_epoch": trained.best_epoch, **curves},
        )
    return stored
