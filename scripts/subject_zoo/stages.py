"""The two trainings of an example, for all examples of a range at once."""

from collections.abc import Mapping
from typing import Any

from subject_zoo.initialisation import initial_weights
from subject_zoo.plans import ExamplePlan
from subject_zoo.prompt_length import could_fit
from subject_zoo.quantization import publishable
from subject_zoo.randomness import Purpose, example_generator
from subject_zoo.sampler import ExampleDataset
from subject_zoo.step_size import step_size
from subject_zoo.trainer import SubjectModelTrainer
from subject_zoo.training_task import TrainingTask
from subject_zoo.weights import StoredModel

Examples = Mapping[int, tuple[ExamplePlan, ExampleDataset]]
_CURVE_DECIMALS = 6


def train_degraded(config: dict[str, Any], examples: Examples, device: str) -> dict[int, StoredModel]:
    """Stage 1: every example's model, from its initial weights, on its corrupted labels.

    Networks whose prompt could never fit `format.max_prompt_chars` are not trained.
    """
    tasks = []
    room, decimals = config["format"]["max_prompt_chars"], config["model"]["weight_decimals"]
    for example_id, (plan, dataset) in examples.items():
        if not could_fit(plan.architecture, room, decimals):
            continue
        draw = lambda purpose, id_=example_id: example_generator(config["seed"], id_, purpose)  # noqa: E731
        tasks.append(
            TrainingTask(
                example_id=example_id,
                architecture=plan.architecture,
                weights=initial_weights(plan.architecture, draw(Purpose.INITIAL_WEIGHTS)),
                tokens=dataset.tokens,
                labels=dataset.corrupted_labels,
                is_validation=dataset.is_validation,
                learning_rate=step_size(plan.architecture.activation_type, plan.learning_rate),
                batches=draw(Purpose.DEGRADED_BATCHES),
                dropout=draw(Purpose.DEGRADED_DROPOUT),
            )
        )
    return _train(config, tasks, config["training"]["degraded_epochs"], 1.0, device)


def train_improved(
    config: dict[str, Any], examples: Examples, degraded: Mapping[int, StoredModel], device: str
) -> dict[int, StoredModel]:
    """Stage 2: the same models from exactly stage 1's published weights, on clean labels, at a reduced rate.

    With `improvement_data: corrupted`, a control, on the corrupted labels again.
    """
    training, clean = config["training"], config["training"]["improvement_data"] == "clean"
    tasks = []
    for example_id in degraded:
        plan, dataset = examples[example_id]
        draw = lambda purpose, id_=example_id: example_generator(config["seed"], id_, purpose)  # noqa: E731
        tasks.append(
            TrainingTask(
                example_id=example_id,
                architecture=plan.architecture,
                weights=degraded[example_id].weights,
                tokens=dataset.tokens,
                labels=dataset.labels if clean else dataset.corrupted_labels,
                is_validation=dataset.is_validation,
                learning_rate=step_size(plan.architecture.activation_type, plan.learning_rate),
                batches=draw(Purpose.IMPROVEMENT_BATCHES),
                dropout=draw(Purpose.IMPROVEMENT_DROPOUT),
            )
        )
    return _train(config, tasks, training["improvement_epochs"], training["improvement_lr_factor"], device)


def _train(
    config: dict[str, Any], tasks: list[TrainingTask], epochs: int, rate_scale: float, device: str
) -> dict[int, StoredModel]:
    training, model = config["training"], config["model"]
    trainer = SubjectModelTrainer(training, max(model["neurons_per_layer"]), device)
    stored = {}
    for trained in trainer.train(tasks, epochs, rate_scale):
        curves = {name: [round(value, _CURVE_DECIMALS) for value in curve] for name, curve in trained.curves.items()}
        stored[trained.example_id] = StoredModel(
            trained.architecture,
            publishable(trained.weights, training["quantization"], model["precision"], model["weight_decimals"]),
            {"best_epoch": trained.best_epoch, **curves},
        )
    return stored
