"""Files of named arrays: .npz without pickle, written atomically."""

import io
import math
import os
import zipfile
from collections.abc import Mapping

import numpy as np

from subject_zoo.base.files import atomic_write

_UNIX, _VERSION = 3, 20  # the system that entries say they are from, and what it takes to read them (2.0)
_END, _MOST_ARRAYS = b"PK\5\6", 1000  # how the last 22 bytes begin; those of all pools are a few dozen


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
    """All arrays of an .npz as `npz_bytes` writes it, read at once; never unpickles. Raises OSError and ValueError."""
    with open(path, "rb") as file:
        return read_npz(file.read())


def read_npz(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of an .npz that may be anybody's, which then take no more memory than its bytes.

    Raises ValueError for anything but a few arrays, uncompressed, whose shapes are as large as their bytes.
    """
    if int.from_bytes(data[-12:-10], "little") > _MOST_ARRAYS or data[-22:-18] != _END:  # before the list is read
        raise ValueError("not an .npz as it was written: the list of its arrays is missing, or too long")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if any(e.compress_type != zipfile.ZIP_STORED or e.file_size != e.compress_size for e in entries):
                raise ValueError("an array in it is compressed")
            if sum(entry.file_size for entry in entries) > len(data):
                raise ValueError("its arrays are larger than the file")
            return {entry.filename.removesuffix(".npy"): _read_array(_content(archive, entry)) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError(str(error)) from None


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytearray:
    """The bytes of an entry, checked; an array over them can be written to."""
    content, place = bytearray(entry.file_size), 0
    with archive.open(entry) as file:
        while read := file.readinto(memoryview(content)[place:]):  # type: ignore[attr-defined]
            place += read
    if place < len(content):
        raise ValueError("an array in it is cut off")
    return content


def _read_array(content: bytearray) -> np.ndarray:
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("an array in it is of another format")
    shape, in_columns, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject or dtype.itemsize == 0:
        raise ValueError(f"an array in it holds {dtype}")
    array = np.frombuffer(content, dtype, offset=stream.tell())
    if math.prod(shape) != array.size:
        raise ValueError(f"an array in it is {list(shape)}, and has {array.size} numbers")
    return array.reshape(shape, order="F" if in_columns else "C")
