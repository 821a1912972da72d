"""One network's activations, in numpy: for measuring, where loading torch would take longer than the work."""

from collections.abc import Iterator

import numpy as np

from subject_zoo.architecture import LEAKY_SLOPE
from subject_zoo.weights import StoredModel


def layers(model: StoredModel, inputs: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Layer after layer the values before and after the nonlinearity, float32 [m, neurons]; the output's are its logit.

    `inputs` is float32 [m, input_size]. Dropout is off. Agrees with `SubjectModel` up to rounding; bits depend on m.
    """
    values = inputs
    *hidden, last = model.architecture.linear_names
    for name in hidden:
        pre = _linear(model, name, values)
        values = _activate(model.architecture.activation_type, pre)
        yield pre, values
    logits = _linear(model, last, values)
    yield logits, logits


def logits(model: StoredModel, inputs: np.ndarray) -> np.ndarray:
    """The network's logits, float32 [m]."""
    for pre, _ in layers(model, inputs):  # noqa: B007
        pass
    return pre[:, 0]


def _linear(model: StoredModel, name: str, values: np.ndarray) -> np.ndarray:
    product = values @ model.weights[f"{name}.weight"].T
    product += model.weights[f"{name}.bias"]
    return product


def _activate(activation_type: str, x: np.ndarray) -> np.ndarray:
    if activation_type == "relu":
        return np.maximum(x, np.float32(0))
    if activation_type == "leaky_relu":
        return np.maximum(x, np.float32(LEAKY_SLOPE) * x)
    if activation_type == "tanh":
        return np.tanh(x)
    if activation_type == "sigmoid":
        with np.errstate(over="ignore"):  # exp of a large number is infinity, and its inverse is 0
            y = np.exp(-x)
        y += 1
        return np.reciprocal(y, out=y)
    from scipy.special import erf  # takes longer to load than all else here, and only gelu needs it

    y = x * np.float32(0.5**0.5)
    erf(y, out=y)
    y += 1
    y *= x
    y *= np.float32(0.5)
    return y
