"""Compiling kernels, by Zig's C compiler, which pip installs (package ziglang): nobody needs one of their own, all have
the same, and it compiles for every target on any machine."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from subject_zoo.base.errors import UserError
from subject_zoo.kernels.targets import FLAGS, SHARED, Target

_LEAST_ROOM = 1 << 20  # bytes; what a compiler writes is less


def compile_kernel(source: Path, target: Target, library: Path, flags: Sequence[str] = SHARED) -> None:
    """Compile a C file for a target, as a shared library or as `flags` say. Raises UserError where that fails."""
    if find_spec("ziglang") is None:
        raise UserError("the package ziglang, which compiles the kernels, is not installed; pip install ziglang")
    command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-target", target.triple, *target.flags, *flags]
    folder = _cache().name
    environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}
    done = subprocess.run(
        [*command, str(source), "-o", str(library)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        if shutil.disk_usage(library.parent).free < _LEAST_ROOM:
            what = "the disk is full, so a kernel cannot be compiled"
            raise UserError(f"{library.parent}: {what}; make room, or set TMPDIR to a folder on another disk")
        said = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
        raise UserError(f"a kernel cannot be compiled; pip install ziglang again? The compiler said: {said}")


@cache
def _cache() -> tempfile.TemporaryDirectory[str]:
    """Zig's own files, for as long as this process lives: nothing of them stays in a person's home."""
    return tempfile.TemporaryDirectory(prefix="subject-zoo-zig-")
