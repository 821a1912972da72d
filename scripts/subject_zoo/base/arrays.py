"""Files of named arrays: .npz without pickle, written atomically."""

import io
import math
import mmap
import os
import zipfile
from collections.abc import Iterable, Mapping
from typing import IO

import numpy as np

from subject_zoo.base.files import atomic_file

Arrays = Mapping[str, np.ndarray] | Iterable[tuple[str, np.ndarray]]  # by name, as `dict` takes them

_UNIX, _VERSION = 3, 20  # the system that entries say they are from, and what it takes to read them (2.0)
_END, _MOST_ARRAYS = b"PK\5\6", 1000  # how the last 22 bytes begin; those of all pools are a few dozen
_LOCAL_HEADER = 30  # bytes of it before an entry's name, of which the last four say how long name and extras are


def npz_bytes(arrays: Arrays) -> bytes:
    """The bytes of an uncompressed .npz, as numpy.savez writes, but for what differs between systems and versions.

    Equal arrays in equal order give equal bytes everywhere: dates, systems and flags of the entries are fixed. Raises
    ValueError for object arrays, which would need pickle.
    """
    buffer = io.BytesIO()
    _write(buffer, arrays)
    return buffer.getvalue()


def save_npz(path: str | os.PathLike[str], arrays: Arrays) -> None:
    """Write arrays atomically as an uncompressed .npz; pairs one after another, so that one can be made at a time."""
    with atomic_file(path) as file:
        _write(file, arrays)


def _write(file: IO[bytes], arrays: Arrays) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, given in arrays.items() if isinstance(arrays, Mapping) else arrays:
            array = np.asarray(given)
            if array.dtype.hasobject:
                raise ValueError(f"array {name!r} holds Python objects")
            header = io.BytesIO()
            np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
            entry = zipfile.ZipInfo(f"{name}.npy")  # of 1980
            entry.create_system, entry.create_version, entry.extract_version = _UNIX, _VERSION, _VERSION
            entry.file_size = header.tell() + array.nbytes
            with archive.open(entry, "w") as content:
                content.write(header.getvalue())
                in_order = array.T if array.flags.f_contiguous else array
                content.write(np.ascontiguousarray(in_order).reshape(-1).view(np.uint8).data)


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


def map_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """All arrays of a file that `save_npz` wrote, as a private view of it: what is not looked at takes no memory."""
    arrays = {}
    with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        for entry in archive.infolist():
            file.seek(entry.header_offset + _LOCAL_HEADER - 4)
            lengths = np.frombuffer(file.read(4), "<u2")
            file.seek(int(lengths.sum()), os.SEEK_CUR)
            np.lib.format.read_magic(file)
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            view: np.ndarray = np.ndarray(shape[::-1] if fortran else shape, dtype, content, file.tell())
            arrays[entry.filename.removesuffix(".npy")] = view.T if fortran else view
    return arrays
