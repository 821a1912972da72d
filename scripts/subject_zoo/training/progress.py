"""When a model's training stops, and which of its epochs counts."""

import numpy as np


class EarlyStopping:
    """One model's progress on its validation split, its best epoch, and whether it has stopped.

    `losses` and `accuracies` are of the validation split, per epoch run; `best_epoch`, that of the least loss, counts
    from 1, 0 being the start.
    """

    def __init__(self, patience: int | None, uncounted: int = 0) -> None:
        """Stop after `patience` epochs without a lower validation loss; None: never. The first `uncounted` epochs are
        never the best ones, nor do they count for patience."""
        self.patience, self.uncounted = patience, uncounted
        self.losses: list[float] = []
        self.accuracies: list[float] = []
        self.best_epoch = 0
        self.stopped = False
        self._least = float("inf")

    def update(self, loss: float, accuracy: float) -> bool:
        """Take in an epoch's figures, unless stopped; whether the epoch is the best so far."""
        if self.stopped:
            return False
        self.losses.append(float(loss))
        self.accuracies.append(float(accuracy))
        if len(self.losses) <= self.uncounted:
            return False
        better = bool(loss < self._least)
        if better:
            self.best_epoch, self._least = len(self.losses), loss
        elif self.patience is not None:
            self.stopped = len(self.losses) - max(self.best_epoch, self.uncounted) >= self.patience
        return better

    def curves(self, training_losses: np.ndarray) -> dict[str, list[float]]:
        """The learning curves up to the stop, with the mean training losses of epochs, float64 [e], maybe of more."""
        return {
            "training_loss": [float(loss) for loss in training_losses[: len(self.losses)]],
            "validation_loss": self.losses,
            "validation_accuracy": self.accuracies,
        }
