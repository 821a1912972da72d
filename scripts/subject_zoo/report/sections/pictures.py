"""A network's tensors as pictures: a cell a number, or a block of them where they are many."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from subject_zoo.report.facts import Record

_SIDES = (64, 144)  # cells of a picture, at most: neurons down, inputs along


def picture(record: Record, tensor: str, name: str) -> dict[str, Any]:
    """A tensor as a picture, neurons down: what it was, where it differs, and what it is there. What is larger than a
    picture is drawn by blocks, of which the number farthest from 0 stands for all; the output's weights stand as a
    column, beside the neurons that they weigh."""
    after = _matrix(record.models["improved"].weights[tensor], name)
    before = _matrix(record.models["degraded"].weights[tensor], name) if "degraded" in record.models else after
    block = [-(-side // most) for side, most in zip(after.shape, _SIDES, strict=True)]
    differs = blocks((before != after).astype(np.float32), block) != 0
    before, after = blocks(before, block), blocks(after, block)
    architecture = record.models["improved"].architecture
    is_first = tensor.startswith(f"{architecture.linear_names[0]}.weight")
    letters = architecture.vocab_size if is_first and architecture.input_encoding == "one_hot" else 1
    return {
        "name": name,
        "rows": before.shape[0],
        "columns": before.shape[1],
        "block": block,
        "letters": letters if block == [1, 1] else 0,
        "input": is_first,
        "before": before.ravel(),
        "places": np.flatnonzero(differs.ravel()).tolist(),
        "after": after.ravel()[differs.ravel()],
    }


def _matrix(array: np.ndarray, name: str) -> np.ndarray:
    if array.ndim == 1:
        return array[:, None]
    return array.T if name.startswith("output") else array


def blocks(matrix: np.ndarray, block: Sequence[int]) -> np.ndarray:
    """The number farthest from 0 of each block."""
    if list(block) == [1, 1]:
        return np.ascontiguousarray(matrix)
    rows, columns = (-(-side // step) for side, step in zip(matrix.shape, block, strict=True))
    padded = np.zeros((rows * block[0], columns * block[1]), matrix.dtype)
    padded[: matrix.shape[0], : matrix.shape[1]] = matrix
    parts = padded.reshape(rows, block[0], columns, block[1]).swapaxes(1, 2).reshape(rows, columns, -1)
    chosen = np.abs(parts).argmax(2)
    return np.take_along_axis(parts, chosen[..., None], axis=2)[..., 0]
