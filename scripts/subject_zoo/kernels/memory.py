"""Numpy's arrays as C sees them."""

import math

import numpy as np

_LINE = 64  # bytes of a cache line


def aligned_zeros(count: int, dtype: type) -> np.ndarray:
    """Zeros [count] that start on a cache line: vectors that lie across two lines take twice the time."""
    size = np.dtype(dtype).itemsize
    room: np.ndarray = np.zeros(count + _LINE // size, dtype)
    start = -_place(room) % _LINE // size
    return room[start : start + count]


def filled(count: int, lanes: int) -> int:
    """The least multiple of `lanes` that is not below `count`."""
    return math.ceil(count / lanes) * lanes


def address(array: np.ndarray | None) -> int | None:
    """Where the array's first number lies; None, C's null, where there is no array. The array must outlive its use."""
    return None if array is None else _place(array)


def _place(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]  # array.ctypes takes twice the time
