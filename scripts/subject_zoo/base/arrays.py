"""Files of named arrays: .npz without pickle, written atomically."""

import io
import os
import zipfile
from collections.abc import Mapping

import numpy as np

from subject_zoo.base.files import atomic_write

_UNIX, _VERSION = 3, 20  # the system that entries say they are from, and what it takes to read them (2.0)


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of an uncompressed .npz, as numpy.savez writes, but for what differs between systems and versions.

    Equal arrays in equal order give equal bytes everywhere: dates, systems and flags of the entries are fixed. Raises
    ValueError for object arrays, which would need pickle.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            if np.asarray(array).dtype.hasobject:
                raise ValueError(f"array {name!r} holds Python objects")
            entry = zipfile.ZipInfo(f"{name}.npy")  # of 1980
            entry.create_system, entry.create_version, entry.extract_version = _UNIX, _VERSION, _VERSION
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array), version=(1, 0), allow_pickle=False)
            archive.writestr(entry, content.getvalue())
    return buffer.getvalue()


def save_npz(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays atomically as an uncompressed .npz."""
    atomic_write(path, npz_bytes(arrays))


def load_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """All arrays of an .npz, read at once; never unpickles."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
