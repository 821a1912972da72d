"""The machine itself: processor and cores, memory, GPUs."""

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from subject_zoo.base.errors import UserError
from subject_zoo.base.lines import one_line, size_in_words
from subject_zoo.doctor.asked import Asked, usable_cores
from subject_zoo.doctor.finding import Finding, fail, ok, warn
from subject_zoo.doctor.work import SNAKEMAKE, Work, work_of
from subject_zoo.kernels.targets import host_targets
from subject_zoo.provenance.machine import check_device, gpu_names, may_need_torch
from subject_zoo.provenance.packages import version_of

_PROCESSOR = Path("/proc/cpuinfo")
_MEMORY = Path("/proc/meminfo")
_LIMITS = Path("/sys/fs/cgroup")  # of this process's container or session
_LOADED = 1.5  # of the work that waits to the cores that there are


def processor(_: Asked) -> Iterator[Finding]:
    """The processor and the cores that a run may use."""
    cores = usable_cores()
    try:
        kinds = [target.name for target in host_targets()]
    except UserError as error:
        yield fail("processor", str(error), "run on a machine that has one")
        return
    said = f"{_model()}: {cores} core{'s' if cores > 1 else ''} to use, {kinds[0]}"
    if 0 < (quota := _quota()) < cores:
        yield warn("processor", f"{said}; but a limit of {quota:g} cores' time", f"type --cores {max(1, round(quota))}")
    elif (load := _load()) > _LOADED * cores:
        yield ok("processor", f"{said}; they are busy now, with {load:.0f} processes")
    else:
        yield ok("processor", said)


def memory(asked: Asked) -> Iterator[Finding]:
    """The memory that is free, and what as many jobs take as there are cores."""
    free = free_memory()
    if free is None:
        yield ok("memory", "how much is free is not told here")
    elif asked.config is None:
        yield ok("memory", f"{size_in_words(free)} free")
    else:
        yield _enough_memory(free, work_of(asked.config, usable_cores()), usable_cores())


def _enough_memory(free: float, work: Work, cores: int) -> Finding:
    jobs = min(cores, work.ranges)
    needed = SNAKEMAKE + jobs * work.memory
    each = f"{size_in_words(work.memory)} for a job of {work.largest_job} candidates"
    said = f"{size_in_words(free)} free; a run takes up to {size_in_words(needed)}, {each}"
    if needed <= free:
        return ok("memory", said)
    if (fitting := int((free - SNAKEMAKE) // work.memory)) >= 1:
        return warn("memory", said, f"type --cores {fitting}, or set largest_job lower")
    return fail("memory", said, "set largest_job lower, and examples_per_job if need be, or dataset.num_sequences")


def gpu(asked: Asked) -> Iterator[Finding]:
    """GPUs, and whether torch is there for them: loaded only where a GPU's driver is."""
    device = "auto" if asked.config is None else asked.config["device"]
    try:
        check_device(device)
    except UserError as error:
        yield fail("GPU", str(error), "--config device=auto")
        return
    if not may_need_torch("auto"):
        yield ok("GPU", "none, and none needed: networks are trained on the CPU")
    elif find_spec("torch") is None:
        advice = "to train on a GPU: pip install torch, as pytorch.org says; a CPU does as well"
        yield (fail if device == "cuda" else warn)("GPU", "a driver, and no package torch", advice)
    elif names := gpu_names():
        shown = ", ".join(one_line(name, 60) for name in names)
        use = "not used, as device is cpu" if device == "cpu" else "networks are trained on it, with bits of its own"
        yield ok("GPU", f"{shown}, torch {version_of('torch')}; {use}")
    else:
        said = f"a driver, and none that torch {version_of('torch')} can use"
        yield (fail if device == "cuda" else warn)("GPU", said, "look at nvidia-smi, and for torch's build with CUDA")


def free_memory() -> int | None:
    """Bytes that this process may still take; None where the system does not tell."""
    with suppress(OSError, ValueError, StopIteration):
        lines = _MEMORY.read_text(encoding="ascii").splitlines()
        free = 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
        return min(free, _left_of_limit() or free)
    with suppress(AttributeError, OSError, ValueError):  # not Linux: all that there is, free or not
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def _left_of_limit() -> int | None:
    with suppress(OSError, ValueError):
        most, now = (int((_LIMITS / f"memory.{name}").read_text(encoding="ascii")) for name in ("max", "current"))
        return max(0, most - now)
    return None


def _quota() -> float:
    """Cores whose time this process may take; 0 where there is no limit."""
    with suppress(OSError, ValueError):
        allowed, span = map(int, (_LIMITS / "cpu.max").read_text(encoding="ascii").split())
        return allowed / span
    return 0


def _load() -> float:
    with suppress(OSError, AttributeError):
        return os.getloadavg()[0]
    return 0


def _model() -> str:
    with suppress(OSError, StopIteration):
        lines = _PROCESSOR.read_text(encoding="utf-8").splitlines()
        return one_line(next(line for line in lines if line.startswith("model name")).partition(":")[2], 60)
    return platform.processor() or platform.machine()
