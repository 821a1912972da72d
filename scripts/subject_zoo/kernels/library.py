"""Kernels as this process calls them: shared libraries, which come with a wheel or are compiled where first needed."""

import ctypes
from collections.abc import Iterator
from importlib.util import cache_from_source
from pathlib import Path

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import atomic_write, digest_of
from subject_zoo.kernels.targets import FLAGS, SHARED, Target, host_targets

BUILT = "built"  # the folder beside the sources that a wheel brings libraries in


def load_kernel(source: Path) -> ctypes.CDLL:
    """The shared library of a C file, compiled unless it is there already, for the best that this machine can run.

    A compiled one is kept where Python keeps the bytecode of a module at `source`; where that folder cannot be written,
    it serves this process alone. One whose bytes are not those that were compiled is made again. Raises UserError where
    it cannot be compiled or loaded, and for a machine that runs none.
    """
    for library in _standing(source):
        if loaded := _load(library):
            return loaded
    target = host_targets()[0]
    return _compiled(source, target, _kept(source) / library_name(source, target))


def standing(source: Path) -> Path | None:
    """The library of a C file that is there already, the best that this machine can run; None where there is none.

    Raises UserError for a machine that runs none.
    """
    return next(_standing(source), None)


def _standing(source: Path) -> Iterator[Path]:
    for target in host_targets():
        for folder in (source.parent / BUILT, _kept(source)):
            if is_whole(library := folder / library_name(source, target)):
                yield library


def _kept(source: Path) -> Path:
    return Path(cache_from_source(str(source))).parent


def library_name(source: Path, target: Target) -> str:
    """What a kernel's library for a target is called: otherwise where the source, a header or a flag changes."""
    texts = [path.read_text(encoding="utf-8") for path in (source, *sorted(source.parent.glob("*.h")))]
    digest = digest_of("\0".join([target.triple, *FLAGS, *SHARED, *target.flags, *texts]).encode())
    return f"{source.stem}-{target.name}-{digest[:16]}{target.suffix}"


def keep(library: Path, made: bytes) -> None:
    """Write a library, and beside it the digest that it is known by. Raises OSError."""
    atomic_write(library, made)
    atomic_write(_digest_file(library), digest_of(made).encode())


def is_whole(library: Path) -> bool:
    """Whether a library is there, and is what was kept."""
    try:
        return digest_of(library.read_bytes()) == _digest_file(library).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return False


def _digest_file(library: Path) -> Path:
    return library.with_name(f"{library.name}.sha256")


def _load(library: Path) -> ctypes.CDLL | None:
    """The library; None from a folder where nothing may be run."""
    try:
        return ctypes.CDLL(str(library))
    except OSError:
        return None


def _compiled(source: Path, target: Target, library: Path) -> ctypes.CDLL:
    import tempfile

    from subject_zoo.kernels.compiler import compile_kernel

    with tempfile.TemporaryDirectory(prefix="subject-zoo-") as temporary:
        made = Path(temporary, library.name)
        compile_kernel(source, target, made)
        try:
            keep(library, made.read_bytes())
        except OSError:
            library = made
        for path in (library, made):  # which stays loaded when its file goes
            if loaded := _load(path):
                return loaded
        raise UserError(f"{temporary}: nothing may be run there; set TMPDIR to a folder that is not mounted noexec")
