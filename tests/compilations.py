"""A kernel's C source compiled to other machine code: bits must be those of the source."""

import ctypes
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from subject_zoo.kernels import compiler as c_library


def _builds() -> list[tuple[str, ...]]:
    """Optimised or not, for processors with and without long vectors."""
    if platform.machine() != "x86_64":
        return [("-O0",), ("-O3",)]
    return [("-O0", "-mcpu=x86_64_v3"), *(("-O3", f"-mcpu={level}") for level in c_library.levels())]


def compilations(module: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Yields once for each compilation of the C source of `module`, which computes by that one meanwhile."""
    flags = ("-ffp-contract=off", "-fvisibility=hidden", "-fPIC", "-shared")
    for number, build in enumerate(_builds()):
        library = folder / f"{number}.so"
        command = [sys.executable, "-m", "ziglang", "cc", *flags, *build, Path(module.__file__).with_suffix(".c")]
        subprocess.run([*command, "-o", library], check=True, capture_output=True)
        module._kernel.cache_clear()
        monkeypatch.setattr(module, "load_c_library", lambda _, library=library: ctypes.CDLL(str(library)))
        yield
    monkeypatch.undo()
    module._kernel.cache_clear()
