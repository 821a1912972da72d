"""Checksums of the files that the pipeline makes: kept when a file is made, compared where it is read.

That of results/examples/000007/dataset.npz is the one line of results/.checksums/examples/000007/dataset.npz. So a file
of any format has one, a file in another's place does not fit, and folders hold their own files alone. A checksum that
is left when its file is removed does no harm: whoever makes the file again writes the checksum too.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import atomic_write, file_digest, read_file

FOLDER = ".checksums"
_MEND = "delete it, and the next run makes it again"


def checksum_path(path: str | os.PathLike[str]) -> Path:
    """Where the checksum of a file stands: in the last folder called "results" on its way, or in the first folder."""
    parts = Path(path).parts
    inside = 1 + max((i for i, part in enumerate(parts) if part == "results"), default=0)
    return Path(*parts[:inside], FOLDER, *parts[inside:])


def keep_checksums(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Write the checksums of files that were just made. Raises OSError."""
    for path in paths:
        atomic_write(checksum_path(path), _line(path))


def check_files(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Raise UserError, naming the file and what to do, unless each is as it was when its checksum was kept."""
    for path in paths:
        kept = checksum_path(path)
        try:
            line = _line(path)
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror}); {_MEND}") from None
        try:
            fits = read_file(kept) == line
        except OSError as error:
            what = f"no checksum says that this version made it ({kept}: {error.strerror})"
            raise UserError(f"{path}: {what}; {_MEND}") from None
        if not fits:
            raise UserError(f"{path}: not as it was made (its sha256 is not the one in {kept}); {_MEND}")


def _line(path: str | os.PathLike[str]) -> bytes:
    return f"{file_digest(path)}\n".encode()
