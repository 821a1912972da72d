"""Training subject models, each as if it were alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from subject_zoo.provenance.machine import check_maker
from subject_zoo.training.on_core import train_on_core
from subject_zoo.training.restraint import Restraint
from subject_zoo.training.task import TrainedModel, TrainingTask


class SubjectModelTrainer:
    """Trains models on mini-batches: by Adam, on the CPU one after another, on a GPU in stacks; or by a plain loop of
    torch's, where `training.maker` is torch.

    `training` is the config's section of that name; `widest` the largest number of neurons a layer can have in
    the project, which fixes a stack's width whatever models are at hand.
    """

    def __init__(self, training: Mapping[str, Any], widest: int, device: str = "cpu") -> None:
        self.training, self.widest, self.device = training, widest, device

    def train(
        self, tasks: Sequence[TrainingTask], epochs: int, rate_scale: float = 1.0, restraint: Restraint | None = None
    ) -> list[TrainedModel]:
        """Train every task for at most `epochs`, its learning rate times `rate_scale`; results in task order.

        Raises UserError where torch is the maker, and not installed.
        """
        check_maker(self.training["maker"])
        if self.training["maker"] == "torch":
            from subject_zoo.training.in_torch import train_in_torch  # torch takes longer to load than a range to train

            return [train_in_torch(task, self.training, epochs, rate_scale, restraint, self.device) for task in tasks]
        if self.device == "cpu":
            return [train_on_core(task, self.training, epochs, rate_scale, restraint) for task in tasks]
        from subject_zoo.training.in_stacks.stack import (
            train_in_stacks,  # torch takes longer to load than a range to train
        )

        return train_in_stacks(tasks, self.training, epochs, rate_scale, restraint, self.widest, self.device)
