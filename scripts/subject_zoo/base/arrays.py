"""Files of named arrays: .npz without pickle, written atomically."""

import io
import os
from collections.abc import Mapping

import numpy as np

from subject_zoo.base.files import atomic_write


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of an uncompressed .npz: equal arrays in equal order give equal bytes (zip dates are fixed).

    Raises ValueError for object arrays, which would need pickle.
    """
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise ValueError(f"array {name!r} holds Python objects")
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def save_npz(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays atomically as an uncompressed .npz."""
    atomic_write(path, npz_bytes(arrays))


def load_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """All arrays of an .npz, read at once; never unpickles."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
