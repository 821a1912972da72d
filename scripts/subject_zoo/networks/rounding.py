"""What a stage's weights become before anyone evaluates, signs or writes them.

Quantization, precision and decimals are applied here, in this order, and only here, so that every figure in a
record is of exactly the numbers that the record prints.
"""

import math

import numpy as np

from subject_zoo.base.numbers import round_to_width
from subject_zoo.networks.model import Weights

_LARGEST_CODE = {"int8": 127, "int4": 7}
_TERNARY_THRESHOLD = 0.7  # of the mean magnitude: Li, Zhang & Liu, "Ternary weight networks" (2016), eq. 6


def quantize(weight: np.ndarray, scheme: str) -> np.ndarray:
    """One weight matrix on the scheme's grid, as float values (scale times code); float32 in and out.

    int8, int4: symmetric, scale = max|w| / 127 or / 7, codes rounded to nearest even (Jacob et al. 2018, with
    zero point 0). ternary: codes -1, 0, 1 with threshold 0.7 mean|w| and scale the mean magnitude above it (Li,
    Zhang & Liu 2016). binary: sign(w) times mean|w| (Rastegari et al. 2016, "XNOR-Net"); sign(0) is +1.
    """
    if scheme == "none":
        return weight
    magnitude = np.abs(weight.astype(np.float64))
    if scheme == "binary":
        return (np.where(weight < 0, -1.0, 1.0) * _mean(magnitude)).astype(np.float32)
    if scheme == "ternary":
        kept = magnitude > _TERNARY_THRESHOLD * _mean(magnitude)
        scale = _mean(magnitude[kept]) if kept.any() else 0.0
        return (np.sign(weight) * kept * scale).astype(np.float32)
    largest = _LARGEST_CODE[scheme]
    scale = magnitude.max() / largest
    if scale == 0:
        return weight
    return (np.clip(np.rint(weight / scale), -largest, largest) * scale).astype(np.float32)


def _mean(values: np.ndarray) -> float:
    """The mean, of a sum that is rounded once: numpy's sum is rounded on the way, in an order of its own."""
    return math.fsum(values.ravel().tolist()) / values.size


def round_to_precision(array: np.ndarray, precision: str) -> np.ndarray:
    """Values rounded to float32, float16 or bfloat16 (to nearest, ties to even), as a float32 array."""
    single = np.asarray(array).astype(np.float32)
    if precision == "bfloat16":
        bits = single.view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)
    return single.astype(precision).astype(np.float32)


def publishable(weights: Weights, quantization: str, precision: str, decimals: int | None) -> Weights:
    """The weights as they are published: matrices quantized, all tensors at `precision` and `decimals`.

    Biases are not quantized, as is usual: they are few and carry the offsets. Rounding to decimals, as many as
    `round_to_width` leaves a number, comes last and once more through the precision, so that text of that many
    decimals gives the very same floats. With None they are only as exact as the precision.
    """
    result = {}
    for name, array in weights.items():
        values = quantize(array, quantization) if name.endswith(".weight") else array
        values = round_to_precision(values, precision)
        if decimals is not None:
            values = round_to_precision(round_to_width(values.astype(np.float64), decimals), precision)
        result[name] = values + np.float32(0.0)  # no negative zeros: they would print as -0.0
    return result
