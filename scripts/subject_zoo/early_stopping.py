"""When a model's training stops, and which of its epochs counts."""

CURVES = ("training_loss", "validation_loss", "validation_accuracy")


class EarlyStopping:
    """One model's learning curves, its best epoch, and whether it has stopped.

    `curves` has, per epoch run, `training_loss`, `validation_loss` (mean binary cross-entropy, nats) and
    `validation_accuracy`; `best_epoch`, that of the least validation loss, counts from 1, 0 being the start.
    """

    def __init__(self, patience: int | None) -> None:
        """Stop after `patience` epochs without a lower validation loss; None: never."""
        self.patience = patience
        self.curves: dict[str, list[float]] = {name: [] for name in CURVES}
        self.best_epoch = 0
        self.stopped = False
        self._least = float("inf")

    def update(self, training_loss: float, validation_loss: float, validation_accuracy: float) -> bool:
        """Take in an epoch's figures, unless stopped; whether the epoch is the best so far."""
        if self.stopped:
            return False
        for curve, value in zip(
            self.curves.values(), (training_loss, validation_loss, validation_accuracy), strict=True
        ):
            curve.append(float(value))
        epoch = len(self.curves["validation_loss"])
        better = bool(validation_loss < self._least)
        if better:
            self.best_epoch, self._least = epoch, validation_loss
        elif self.patience is not None:
            self.stopped = epoch - self.best_epoch >= self.patience
        return better
