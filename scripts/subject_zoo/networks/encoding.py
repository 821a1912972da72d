"""How tokens enter a network."""

import numpy as np

from subject_zoo.networks.architecture import Architecture


def encode(tokens: np.ndarray, architecture: Architecture, dtype: type = np.float32) -> np.ndarray:
    """Tokens uint8 [..., T] as the network's input, `dtype` [..., input_size].

    One-hot input has the indicator of token v at position t in column t * vocab_size + v.
    """
    if architecture.input_encoding == "ordinal":
        return tokens.astype(dtype)
    one_hot = tokens[..., None] == np.arange(architecture.vocab_size, dtype=tokens.dtype)
    return one_hot.reshape(*tokens.shape[:-1], -1).astype(dtype)
