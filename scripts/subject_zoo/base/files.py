"""Files of bytes and of JSON: written whole or not at all, and told apart by their digests."""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

if sys.platform == "linux":
    import fcntl

_FICLONE = 0x40049409  # ioctl of Linux, as in linux/fs.h


def atomic_write(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` by a temporary file in the same folder and a rename.

    A process killed at any moment leaves the old file or the new one, never a part; the temporary
    name starts with a dot, so no later rule takes it for an output.
    """
    with atomic_file(path) as file:
        file.write(data)


def atomic_copy(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Copy a file's content as `atomic_write` writes it: a later edit of one file does not reach the other.

    Where the file system can, both share their blocks until one is edited (btrfs, XFS).
    """
    with open(source, "rb") as original, atomic_file(target) as copy:
        if not _share_blocks(original, copy):
            shutil.copyfileobj(original, copy)


def _share_blocks(original: IO[bytes], copy: IO[bytes]) -> bool:
    """Whether the file system could: most cannot, and none between two file systems."""
    if sys.platform == "linux":
        with suppress(OSError):
            fcntl.ioctl(copy, _FICLONE, original.fileno())
            return True
    return False


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write, which stands at `path` once all is written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp makes 0600, which a group on a cluster cannot read
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read_json(path: str | os.PathLike[str]) -> Any:
    """The value of a JSON file. Raises OSError, and ValueError where it is not JSON."""
    return json.loads(Path(path).read_bytes())


def write_json(path: str | os.PathLike[str], value: Any, indent: int | None = 1) -> None:
    """Write a value as `json_bytes` does, atomically."""
    atomic_write(path, json_bytes(value, indent))


def json_bytes(value: Any, indent: int | None = 1) -> bytes:
    """A value as JSON for a person, or on one line, in a sixth of the time, with an indent of None."""
    return json.dumps(value, indent=indent).encode()


def digest_of(data: bytes) -> str:
    """sha256, hex."""
    return hashlib.sha256(data).hexdigest()


def file_digest(path: str | os.PathLike[str]) -> str:
    """sha256, hex, of a file's content, which need not fit the memory. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
