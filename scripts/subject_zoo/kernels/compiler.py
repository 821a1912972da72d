"""C sources of the library, compiled where they are first needed.

The compiler is Zig's, which pip installs (package ziglang): nobody needs one of their own, and all have the same.
What is compiled must not depend on the instructions that the machine has but in speed: see mlp.c.
"""

import ctypes
import hashlib
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import cache_from_source
from pathlib import Path

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import atomic_write

# Levels of the x86-64 ABI, the best first, and what /proc/cpuinfo has to list for them.
_LEVELS = {
    "x86_64_v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "x86_64_v3": {"avx2", "fma"},
}
_COMPILER = (
    *(sys.executable, "-m", "ziglang", "cc"),
    *("-O3", "-ffp-contract=off", "-fvisibility=hidden", "-fPIC", "-shared"),
)


def load_c_library(source: Path) -> ctypes.CDLL:
    """The shared library of a C file, compiled unless that was done before.

    It is kept where Python keeps the bytecode of a module at `source`, under a name that changes with the source,
    the headers beside it, the compiler and the machine; where that folder cannot be written, it serves this process
    alone. Raises UserError where it cannot be compiled.
    """
    command = [*_COMPILER, *_target()]
    headers = sorted(source.parent.glob("*.h"))
    texts = [path.read_text(encoding="utf-8") for path in (source, *headers)]
    made_of = [_compiler_version(), platform.machine(), *command[1:], *texts]
    digest = hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:16]
    folder = Path(cache_from_source(str(source))).parent
    library = folder / f"{source.stem}-{digest}{sysconfig.get_config_var('SHLIB_SUFFIX') or '.so'}"
    if library.exists():
        return ctypes.CDLL(str(library))
    with tempfile.TemporaryDirectory(prefix="subject-zoo-") as temporary:
        made = Path(temporary, library.name)
        _compile([*command, str(source), "-o", str(made)], temporary)
        try:
            atomic_write(library, made.read_bytes())
        except OSError:
            return ctypes.CDLL(str(made))  # stays loaded when its file goes
    return ctypes.CDLL(str(library))


def _compiler_version() -> str:
    try:
        return version("ziglang")
    except PackageNotFoundError:
        raise UserError("the package ziglang is not installed; pip install -r requirements.txt") from None


def _target() -> list[str]:
    """Flags for this machine: the instructions that it has, and how its libraries are linked."""
    flags = []
    if platform.machine() in ("x86_64", "AMD64"):  # every 64-bit ARM has what is needed
        flags.append(f"-mcpu={levels()[0]}")
    if sys.platform == "linux":
        flags.append("-nostdlib")  # the process has all that is called; building Zig's own takes it six seconds
    return flags


def levels() -> list[str]:
    """The levels of the x86-64 ABI that this machine has, of those with AVX2, the best first.

    Raises UserError where it has none.
    """
    try:
        described = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        return ["x86_64_v3"]
    flags = set(next((line.split() for line in described.splitlines() if line.startswith("flags")), []))
    found = [level for level, needed in _LEVELS.items() if needed <= flags]
    if not found:
        raise UserError("this processor lacks AVX2 and FMA, which x86 processors have had since 2013; take another")
    return found


def _compile(command: list[str], folder: str) -> None:
    environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
        raise UserError(f"a C source of the library cannot be compiled; pip install ziglang again? It said: {said}")
