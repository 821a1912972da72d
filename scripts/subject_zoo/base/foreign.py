"""Files that somebody else made: only regular ones are opened, only inside their folder, only so much of them is read.

What is refused is an OSError, as what cannot be read, and its `strerror` says why.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedReader
from pathlib import PurePosixPath

_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# Of Windows neither: there, no pipe is a file.
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)  # the open of a pipe would wait for who writes to it


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """A regular file that a person named, or that a link of theirs leads to. Raises OSError."""
    _check_kind(os.stat(path), stat.S_IFREG)  # before it is opened: that alone does something to a device
    return _opened(os.open(path, _FILE))


def open_inside(folder: str | os.PathLike[str], name: str, follow: bool = False) -> BufferedReader:
    """The regular file of a relative name in a folder. Raises OSError, and for a link anywhere on the way, of number
    ELOOP, unless links are to be followed."""
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts or "\0" in name:
        raise OSError(errno.EINVAL, "no name inside the folder")
    if follow:
        return open_regular(os.path.join(folder, name))
    here = os.open(folder, _FOLDER)
    try:
        for part in parts[:-1]:
            _check_kind(os.stat(part, dir_fd=here, follow_symlinks=False), stat.S_IFDIR)
            inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = inner
        _check_kind(os.stat(parts[-1], dir_fd=here, follow_symlinks=False), stat.S_IFREG)
        return _opened(os.open(parts[-1], _FILE | os.O_NOFOLLOW, dir_fd=here))
    finally:
        os.close(here)


def read_inside(folder: str | os.PathLike[str], name: str, largest: int, follow: bool = False) -> bytes:
    """The bytes of a file as `open_inside` opens it. Raises OSError, and for one of more than `largest` bytes."""
    with open_inside(folder, name, follow) as file:
        return read_at_most(file, largest)


def read_regular(path: str | os.PathLike[str], largest: int) -> bytes:
    """The bytes of a file as `open_regular` opens it. Raises OSError, and for one of more than `largest` bytes."""
    with open_regular(path) as file:
        return read_at_most(file, largest)


def read_at_most(file: BufferedReader, largest: int) -> bytes:
    """All of an open file. Raises OSError for one of more than `largest` bytes."""
    size = os.fstat(file.fileno()).st_size
    if size > largest:
        raise OSError(errno.EFBIG, f"it has {size:,} bytes; at most {largest:,} are read")
    return file.read(size)


def walk_inside(folder: str | os.PathLike[str]) -> Iterator[str]:
    """The names of all in a folder that is no folder itself; no link is followed. What cannot be listed has nothing."""
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        with suppress(OSError), os.scandir(os.path.join(folder, inner)) as entries:
            for entry in entries:
                name = f"{inner}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{name}/")
                else:
                    yield name


def _opened(handle: int) -> BufferedReader:
    file = os.fdopen(handle, "rb")
    try:
        _check_kind(os.fstat(handle), stat.S_IFREG)
    except OSError:
        file.close()
        raise
    return file


def _check_kind(found: os.stat_result, wanted: int) -> None:
    if (kind := stat.S_IFMT(found.st_mode)) != wanted:
        number = errno.ELOOP if kind == stat.S_IFLNK else errno.EINVAL
        raise OSError(number, f"it is {_KINDS.get(kind, 'a file')}, not a {_WANTED[wanted]}")


_WANTED = {stat.S_IFREG: "file of its own", stat.S_IFDIR: "folder of its own"}
