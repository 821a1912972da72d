"""The loss that subject models are trained on."""

import numpy as np


def cross_entropy(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean binary cross-entropy of each model, nats, float64 [k], of logits and labels [k, n].

    With `weights` [n], the weighted sum instead. Stable form max(z, 0) - z y + log(1 + exp(-|z|)), in float64 by
    numpy, whose sum over a row does not depend on the number of rows.
    """
    z = logits.astype(np.float64)
    losses = np.maximum(z, 0) - z * labels + np.log1p(np.exp(-np.abs(z)))
    return losses.mean(axis=1) if weights is None else (losses * weights).sum(axis=1)
