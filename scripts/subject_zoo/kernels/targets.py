"""The machines that kernels are compiled for.

What is compiled must not depend on the instructions that a machine has but in speed: see mlp.c.
"""

import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from subject_zoo.base.errors import UserError

# Levels of the x86-64 ABI, the best first, and what /proc/cpuinfo has to list for them.
_LEVELS = {
    "v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "v3": {"avx2", "fma"},
}
_BY_HAND = ("-nostdlib",)  # the process has all that is called; building Zig's own takes it three to six seconds
_MACOS = (*_BY_HAND, "-Wl,-install_name,kernel.dylib")  # else it has the path that it was compiled at
# For every target: only products and sums that the source fuses are; nothing tells where or when it was compiled.
FLAGS = ("-O3", "-ffp-contract=off", "-s")
SHARED = ("-fvisibility=hidden", "-fPIC", "-shared")


@dataclass(frozen=True)
class Target:
    """A system and a processor: Zig's words for them, its flags, and what shared libraries end in there."""

    name: str
    triple: str
    flags: tuple[str, ...]
    suffix: str = ".so"


TARGETS = {
    target.name: target
    for target in (
        Target("linux-x86_64-v4", "x86_64-linux-gnu", ("-mcpu=x86_64_v4", *_BY_HAND)),
        Target("linux-x86_64-v3", "x86_64-linux-gnu", ("-mcpu=x86_64_v3", *_BY_HAND)),
        Target("linux-aarch64", "aarch64-linux-gnu", _BY_HAND),
        Target("darwin-x86_64-v3", "x86_64-macos", ("-mcpu=x86_64_v3", *_MACOS), ".dylib"),
        Target("darwin-aarch64", "aarch64-macos", ("-mcpu=apple_m1", *_MACOS), ".dylib"),
        Target("win32-x86_64-v3", "x86_64-windows-gnu", ("-mcpu=x86_64_v3",), ".dll"),
    )
}
_PROCESSORS = {"AMD64": "x86_64", "arm64": "aarch64"}  # other names of the same


def host_targets() -> list[Target]:
    """Those that this machine can run, the fastest first. Raises UserError where it can run none."""
    processor = _PROCESSORS.get(platform.machine(), platform.machine())
    names = [f"{sys.platform}-{processor}"]
    if processor == "x86_64":
        names = [f"{names[0]}-{level}" for level in _levels()]
    found = [TARGETS[name] for name in names if name in TARGETS]
    if not found:
        raise UserError(
            f"this machine ({sys.platform}, {processor}) cannot run the kernels; they need Linux, macOS or Windows on "
            "an x86-64 processor, or Linux or macOS on a 64-bit ARM one"
        )
    return found


def _levels() -> list[str]:
    """The levels of the x86-64 ABI that this machine has, of those with AVX2, the best first."""
    try:
        described = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        return ["v3"]
    flags = set(next((line.split() for line in described.splitlines() if line.startswith("flags")), []))
    found = [level for level, needed in _LEVELS.items() if needed <= flags]
    if not found:
        raise UserError("this processor lacks AVX2 and FMA, which x86 processors have had since 2013; take another")
    return found
