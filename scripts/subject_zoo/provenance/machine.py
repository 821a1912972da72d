"""Where models are trained, and what their bits depend on there.

On a CPU nothing of the machine counts: kernels, whose sources define every bit, train, evaluate and sign, and what
numpy computes besides are operations that IEEE 754 defines (base/elementary.py has the others). What is left is numpy's
generators, whose streams may change with its version (NEP 19). Where torch trains, on a GPU or as another maker of
networks, bits are its own, and the processor's.
"""

import ctypes
import platform
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

from subject_zoo.base.errors import UserError

# To set before numeric libraries are loaded: jobs share the cores already. No result depends on it.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_BETWEEN = " | "  # the values of several environments
_NVIDIA_DRIVERS = ("libcuda.so.1", "nvcuda.dll")
_AMD_DRIVER = Path("/dev/kfd")
_PROCESSOR = Path("/proc/cpuinfo")


def environment_record(device: str, maker: str) -> dict[str, str]:
    """What the bits of models depend on that a `training.maker` trains on a device of this machine.

    Equal records, equal bits. Where torch is needed and not installed the record lacks it, and so equals none.
    """
    import numpy

    record = {"device": device, "numpy": numpy.__version__}
    if device == "cpu" and maker == "kernel":
        return record
    try:
        import torch
    except ImportError:
        return record
    record["torch"] = torch.__version__
    if device == "cpu":  # its products choose their instructions by both
        return record | {"processor": f"{_processor()}, {torch.backends.cpu.get_cpu_capability()}"}
    return record | {"device": torch.cuda.get_device_name() if device == "cuda" else device}


def _processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = _PROCESSOR.read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def merged_environments(records: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """One record for models that were trained in several environments: where these differ, their values in order.

    Records that were merged before can be merged again.
    """
    values: dict[str, set[str]] = {}
    for record in records:
        for key, value in record.items():
            values.setdefault(key, set()).update(value.split(_BETWEEN))
    return {key: _BETWEEN.join(sorted(several)) for key, several in values.items()}


def use_device(name: str) -> str:
    """The torch device for the config's `device`; torch, where it is needed at all, is set to one thread.

    "auto" is CUDA where there is one, then MPS, then the CPU. One thread, because jobs share the cores already.
    Raises UserError for a device that this machine lacks, and where torch is needed and not installed.
    """
    if not may_need_torch(name):
        return "cpu"  # without torch, which takes longer to load than a range's models to train
    try:
        import torch
    except ImportError:
        if name == "auto":
            return "cpu"
        raise UserError(
            f"device is {name}, which needs the package torch; pip install torch, or set device to cpu"
        ) from None
    torch.set_num_threads(1)
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, present in available.items() if present)
    if not available[name]:
        raise UserError(f"device is {name}, which this machine does not have; set it to auto or cpu")
    return name


def check_device(name: str) -> None:
    """Raise UserError for a config's `device` that this machine lacks; torch is not loaded to tell."""
    if (name == "cuda" and not _has_gpu()) or (name == "mps" and sys.platform != "darwin"):
        raise UserError(f"device is {name}, which this machine does not have; set it to auto or cpu")


def check_maker(name: str) -> None:
    """Raise UserError for a config's `training.maker` that is not installed; torch is not loaded to tell."""
    if name == "torch" and find_spec("torch") is None:
        raise UserError("training.maker is torch, and the package torch is not installed; pip install torch")


def may_need_torch(device: str) -> bool:
    """Whether the config's `device` can mean a GPU on this machine; torch is not loaded to tell."""
    return device in ("cuda", "mps") or (device == "auto" and _has_gpu_driver())


def gpu_names() -> list[str]:
    """The GPUs that torch can use, which is loaded to tell. Raises ImportError where it is not installed."""
    import torch

    if torch.cuda.is_available():
        return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return ["Apple's (mps)"] if torch.backends.mps.is_available() else []


def _has_gpu_driver() -> bool:
    """Whether torch could find a GPU at all: an NVIDIA or AMD driver, or Apple's system."""
    return sys.platform == "darwin" or _AMD_DRIVER.exists() or _nvidia_driver() is not None


def _has_gpu() -> bool:
    """Whether there is a GPU for torch's "cuda", as NVIDIA's driver counts them, or AMD's is there."""
    if _AMD_DRIVER.exists():
        return True
    if (driver := _nvidia_driver()) is None or driver.cuInit(0) != 0:
        return False
    count = ctypes.c_int()
    return driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0


def _nvidia_driver() -> ctypes.CDLL | None:
    for library in _NVIDIA_DRIVERS:
        try:
            return ctypes.CDLL(library)
        except OSError:
            continue
    return None
