"""A file that must not change under a running project: its digest is kept beside it, and what it was copied from."""

import os
from pathlib import Path

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import digest_of, file_digest, read_file

_KEY = "signature.dataset_path"
_ANEW = "put the old file back, or start anew with an empty results folder"
_BETWEEN = "  "  # of a digest and a name, as sha256sum writes them


def digest_path(path: Path) -> Path:
    """Where the digest of a pinned file stands."""
    return path.with_name(f"{path.name}.sha256")


def pin(data: bytes, source: str | None) -> bytes:
    """What to keep beside a pinned file: its digest, and the person's file that it is a copy of, if it is one."""
    origin = "" if source is None else f"{_BETWEEN}{os.path.normpath(source)}"
    return f"{digest_of(data)}{origin}\n".encode()


def check_unchanged(path: Path, source: str | None) -> str | None:
    """Raise UserError, naming both digests, where the pinned file, or the person's file that it was copied from,
    is no longer what it was when the project began.

    Where the configuration names another source than the pinned file has, that file is to be replaced: one sentence
    that says so. A source that cannot be read is an error too, also before there is a pinned file.
    """
    given = None if source is None else _read(source)
    try:
        pinned, _, origin = read_file(digest_path(path)).decode(errors="replace").strip().partition(_BETWEEN)
        if (found := file_digest(path)) != pinned:
            raise _changed(str(path), found, pinned)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path} or {digest_path(path)} cannot be read ({error.strerror}); {_ANEW}") from None
    if given is not None and digest_of(given) != pinned and os.path.normpath(str(source)) == origin:
        raise _changed(str(source), digest_of(given), pinned)
    if (given is None and not origin) or (given is not None and digest_of(given) == pinned):
        return None
    before = f"those of {origin}" if origin else "those that this project drew"
    now = "drawn anew" if source is None else f"those of {source}"
    return (
        f"{_KEY} is {source or 'null'} now: probes are {now}, no longer {before}, and all signatures and records are "
        "made again"
    )


def _read(source: str) -> bytes:
    try:
        return read_file(source)
    except OSError as error:
        raise UserError(f"{_KEY}: {source} cannot be read ({error.strerror})") from None


def _changed(name: str, found: str, pinned: str) -> UserError:
    return UserError(
        f"{name} has changed under this project: its sha256 is {found}, and was {pinned} when signatures were begun; "
        f"{_ANEW}"
    )
