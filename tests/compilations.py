"""A kernel's C source compiled to other machine code: bits must be those of the source."""

import ctypes
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from subject_zoo.kernels.compiler import compile_kernel
from subject_zoo.kernels.targets import SHARED, host_targets


def compilations(module: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Yields once for each compilation of the C source of `module`, which computes by that one meanwhile.

    Optimised or not, for processors with and without long vectors.
    """
    builds = [
        (host_targets()[-1], [*SHARED, "-O0", "-fno-sanitize=all"]),
        *((target, SHARED) for target in host_targets()),
    ]
    for number, (target, flags) in enumerate(builds):
        library = folder / f"{number}{target.suffix}"
        compile_kernel(Path(module.__file__).with_suffix(".c"), target, library, flags)
        module._kernel.cache_clear()
        monkeypatch.setattr(module, "load_kernel", lambda _, library=library: ctypes.CDLL(str(library)))
        yield
    monkeypatch.undo()
    module._kernel.cache_clear()
