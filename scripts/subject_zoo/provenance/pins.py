"""A file that must not change under a running project: its digest is kept beside it."""

from pathlib import Path

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import digest_of
from subject_zoo.base.foreign import read_regular


def digest_path(path: Path) -> Path:
    """Where the digest of a pinned file stands."""
    return path.with_name(f"{path.name}.sha256")


def check_unchanged(path: Path, source: str | None) -> None:
    """Raise UserError, naming both digests, where the pinned file, or the person's file that it was copied from,
    is no longer what it was when the project began. Nothing is checked before there is a pinned file."""
    try:
        pinned = digest_path(path).read_text().strip()
        files = {str(path): path.read_bytes()}
    except FileNotFoundError:
        return
    if source is not None:
        try:
            files[source] = read_regular(source, 2**62)
        except OSError as error:
            raise UserError(f"signature.dataset_path: {source} cannot be read ({error.strerror})") from None
    for name, data in files.items():
        if digest_of(data) != pinned:
            raise UserError(
                f"{name} has changed under this project: its sha256 is {digest_of(data)}, and was {pinned} when "
                "signatures were begun; put the old file back, or start anew with an empty results folder"
            )
