"""The loss that subject models are trained on."""

import numpy as np

from subject_zoo.kernels.loss import sum_losses


def cross_entropy(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean binary cross-entropy of each model, nats, float64 [k], of logits float32 and labels bool [k, n].

    With `weights` float64 [n], the weighted sum instead. A model's bits do not depend on the others.
    """
    sums = sum_losses(logits, labels, weights)
    return sums / logits.shape[1] if weights is None else sums
