"""The one exception that a person is meant to read, and what the system's own mean."""

import errno
import os

_ROOM = "make room"
_TROUBLES = {
    errno.ENOSPC: ("the disk is full", _ROOM),
    errno.EDQUOT: ("the quota of disk space is used up", _ROOM),
    errno.EFBIG: ("no file may be that large", "look at `ulimit -f`"),
    errno.EROFS: ("nothing can be written on that file system", "mount it to be written, or work elsewhere"),
    errno.EACCES: ("permission denied", "see whose it is, and what may be done there"),
    errno.EPERM: ("permission denied", "see whose it is, and what may be done there"),
    errno.EISDIR: ("a folder stands in a file's place", "delete it"),
    errno.ENOTDIR: ("a file stands in a folder's place", "delete it"),
    errno.EMFILE: ("too many open files", "look at `ulimit -n`"),
    errno.ENFILE: ("too many open files", "the whole machine has no more"),
    errno.ENOMEM: ("there is no memory left", "use fewer cores, or a smaller largest_job"),
    errno.EIO: ("the disk cannot be read or written", "look at the machine's own log"),
    errno.ESTALE: ("the network file system has lost it", "look at the file server"),
}


class UserError(Exception):
    """Bad input: one line that names the key or file, what is wrong and what would be right.

    Adapters print the line alone, without a traceback, and exit with a status other than 0.
    """


def system_trouble(error: BaseException | None) -> str | None:
    """One line for a person where an error, or one behind it, is that the system gives no more; None for any other.

    It names the file, or the folder of work where the error names none.
    """
    while error is not None:
        if isinstance(error, MemoryError):
            error = OSError(errno.ENOMEM, "", None)
        if isinstance(error, OSError) and error.errno in _TROUBLES:
            what, advice = _TROUBLES[error.errno]
            named = isinstance(error.filename, str | bytes | os.PathLike)
            return f"{os.fsdecode(error.filename) if named else os.getcwd()}: {what}; {advice}"
        error = error.__cause__ or error.__context__
    return None
