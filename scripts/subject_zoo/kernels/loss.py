"""The binary cross-entropy by loss.c."""

import ctypes
from functools import cache
from pathlib import Path

import numpy as np

from subject_zoo.kernels.library import load_kernel
from subject_zoo.kernels.memory import address


@cache
def _kernel() -> ctypes.CDLL:
    library = load_kernel(Path(__file__).with_name("loss.c"))
    array, count = ctypes.c_void_p, ctypes.c_int64
    library.sum_losses.argtypes = [array, array, array, count, count, array]
    library.sum_losses.restype = None
    return library


def sum_losses(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """The sum of weight times loss of each model, nats, float64 [k], of logits float32 and labels bool [k, n].

    The loss is max(z, 0) - z y + log(1 + exp(-|z|)), within 2 units in the last place of a float64; `weights` are
    float64 [n], 1 where None. Raises ValueError where shapes differ.
    """
    logits, labels = np.ascontiguousarray(logits, np.float32), np.ascontiguousarray(labels, np.uint8)
    weights = None if weights is None else np.ascontiguousarray(weights, np.float64)
    if logits.ndim != 2 or labels.shape != logits.shape or (weights is not None and weights.shape != logits.shape[1:]):
        raise ValueError(f"logits are {logits.shape} and labels {labels.shape}, not both [k, n], or weights not [n]")
    sums = np.empty(len(logits))
    _kernel().sum_losses(address(logits), address(labels), address(weights), *logits.shape, address(sums))
    return sums
