"""Files of bytes and of JSON: written whole or not at all, and told apart by their digests."""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from subject_zoo.base.foreign import open_regular

if sys.platform == "linux":
    import fcntl

_UNFINISHED = ".unfinished-subject-zoo"  # ends the names of temporary files, so that nobody's own is taken for one
_FICLONE = 0x40049409  # ioctl of Linux, as in linux/fs.h


def atomic_write(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` by a temporary file in the same folder and a rename.

    A process killed at any moment leaves the old file or the new one, never a part; the temporary
    name starts with a dot, so no later rule takes it for an output. Raises OSError that names `path`.
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


def shares_blocks(folder: str | os.PathLike[str]) -> bool:
    """Whether copies of files in a folder, which is written to for that, take no room. Raises OSError."""
    with tempfile.TemporaryFile(dir=folder) as original, tempfile.TemporaryFile(dir=folder) as copy:
        original.write(b"0")
        original.flush()
        return _share_blocks(original, copy)


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_UNFINISHED, dir=path.parent)
    except OSError as error:
        raise _about(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp makes 0600, which a group on a cluster cannot read
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            raise _about(path, error) from None
        raise


def _about(path: Path, error: OSError) -> OSError:
    """The error, of which a person is to read that file and not a temporary one, or none."""
    return OSError(error.errno, error.strerror, str(path)) if error.errno else error


def remove_unfinished(folder: str | os.PathLike[str], older_than: float = 0.0) -> int:
    """Remove, at any depth, what killed writers left of files that were never whole; how many there were.

    Nobody may be writing there; or so many seconds, which those that are removed are older than, must be more than a
    write takes. A link is followed where it stands in `folder` itself, as a folder on another disk may,
    and nowhere deeper. What cannot be looked into or removed is left.
    """
    removed, latest = 0, time.time() - older_than
    for top in (Path(folder), *(path for path in Path(folder).glob("*/") if path.is_symlink())):
        for where, _, names in os.walk(top):
            for name in names:
                if name.startswith(".") and name.endswith(_UNFINISHED):
                    path = os.path.join(where, name)
                    with suppress(OSError):
                        if os.lstat(path).st_mtime <= latest:
                            os.unlink(path)
                            removed += 1
    return removed


def read_json(path: str | os.PathLike[str]) -> Any:
    """The value of a JSON file. Raises OSError, and ValueError where it is not JSON."""
    return json.loads(read_file(path))


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a value as `json_bytes` does, atomically."""
    atomic_write(path, json_bytes(value))


def json_bytes(value: Any, indent: int | None = 1) -> bytes:
    """A value as JSON for a person, or on one line, in a sixth of the time, with an indent of None."""
    return json.dumps(value, indent=indent).encode()


def digest_of(data: bytes) -> str:
    """sha256, hex."""
    return hashlib.sha256(data).hexdigest()


def file_digest(path: str | os.PathLike[str]) -> str:
    """sha256, hex, of a regular file's content, which need not fit the memory. Raises OSError."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_file(path: str | os.PathLike[str]) -> bytes:
    """A regular file's content. Raises OSError: a pipe in its place would be waited for, and a device has no end."""
    with open_regular(path) as file:
        return file.read()
