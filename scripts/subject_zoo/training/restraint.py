"""What keeps a training near its start, so that few of the weights change, and those for a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Restraint:
    """An L1 penalty on the change of each weight for some epochs; after these the weights that changed most go on
    without it, and the others stand where they started.

    `penalty` is in units of the loss: after each step of Adam at rate r, each change becomes less in size by
    `penalty` * r (a proximal step, Parikh & Boyd 2014, section 6.5.2).
    """

    penalty: float
    epochs: int
    changed_share: float

    @classmethod
    def of(cls, training: Mapping[str, Any]) -> "Restraint | None":
        """That of stage 2 by the config's section, or None where it would change nothing."""
        restraint = cls(
            training["improvement_penalty"],
            training["improvement_penalty_epochs"],
            training["improvement_changed_share"],
        )
        return restraint if restraint.epochs else None

    def penalties(self, start: np.ndarray) -> np.ndarray:
        """float32 like `start`, for the epochs with the penalty."""
        return np.full_like(start, self.penalty, np.float32)

    def penalties_after(self, change: np.ndarray, count: int) -> np.ndarray:
        """The same for all later epochs: 0 for the `changed_share` of `count` weights whose change, float32 [P], is the
        largest (more where changes are equal), infinite for the others and for those that did not change."""
        kept = round(self.changed_share * count)
        if kept >= count:
            return np.zeros_like(change, np.float32)
        sizes = np.abs(change)
        least = np.partition(sizes, -kept)[-kept] if kept else np.float32(np.inf)
        return np.where((sizes > 0) & (sizes >= least), np.float32(0), np.float32(np.inf))
