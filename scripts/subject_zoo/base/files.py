"""Files of bytes and of JSON: written whole or not at all, and told apart by their digests."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def atomic_write(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` by a temporary file in the same folder and a rename.

    A process killed at any moment leaves the old file or the new one, never a part; the temporary
    name starts with a dot, so no later rule takes it for an output.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
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
