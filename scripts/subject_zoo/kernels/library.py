"""Kernels as this process calls them: shared libraries, which come with a wheel or are compiled where first needed."""

import ctypes
from importlib.util import cache_from_source
from pathlib import Path

from subject_zoo.base.files import atomic_write, digest_of
from subject_zoo.kernels.targets import Target, host_targets

BUILT = "built"  # the folder beside the sources that a wheel brings libraries in


def load_kernel(source: Path) -> ctypes.CDLL:
    """The shared library of a C file, compiled unless it is there already, for the best that this machine can run.

    A compiled one is kept where Python keeps the bytecode of a module at `source`; where that folder cannot be written,
    it serves this process alone. Raises UserError where it cannot be compiled, and for a machine that runs none.
    """
    targets = host_targets()
    kept = Path(cache_from_source(str(source))).parent
    for target in targets:
        for folder in (source.parent / BUILT, kept):
            if (library := folder / library_name(source, target)).exists():
                return ctypes.CDLL(str(library))
    return _compiled(source, targets[0], kept / library_name(source, targets[0]))


def library_name(source: Path, target: Target) -> str:
    """What a kernel's library for a target is called: otherwise where the source or a header beside it changes."""
    texts = [path.read_text(encoding="utf-8") for path in (source, *sorted(source.parent.glob("*.h")))]
    digest = digest_of("\0".join([target.triple, *target.flags, *texts]).encode())
    return f"{source.stem}-{target.name}-{digest[:16]}{target.suffix}"


def _compiled(source: Path, target: Target, library: Path) -> ctypes.CDLL:
    import tempfile

    from subject_zoo.kernels.compiler import compile_kernel

    with tempfile.TemporaryDirectory(prefix="subject-zoo-") as temporary:
        made = Path(temporary, library.name)
        compile_kernel(source, target, made)
        try:
            atomic_write(library, made.read_bytes())
        except OSError:
            return ctypes.CDLL(str(made))  # stays loaded when its file goes
    return ctypes.CDLL(str(library))
