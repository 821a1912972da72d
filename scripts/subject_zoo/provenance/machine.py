"""The environment that fixes floating-point results, and the record of it.

Training, evaluation and signatures on the CPU are the kernels', whose bits are the same everywhere (kernels/mlp.c,
kernels/signature.c). Those of numpy depend on the instruction set that it chooses at start and on the number of threads
that share a sum. `portable` pins both to what every x86-64 machine since 2013 has; `native` pins threads alone.
"""

import ctypes
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from subject_zoo.base.errors import UserError

_THREADS = "OPENBLAS_NUM_THREADS"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", _THREADS: "1"}
_BETWEEN = " | "  # the values of several environments
_GPU_DRIVERS = ("libcuda.so.1", "nvcuda.dll")
_AVX2 = {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}  # of numpy's own loops


def environment_variables(numerics: str) -> dict[str, str]:
    """Variables to set before a process starts, for `numerics` "portable" or "native".

    They are read when numpy and torch are loaded: setting them later has no effect.
    """
    return {**_ONE_THREAD, **(_AVX2 if numerics == "portable" else {})}


def environment_record(numerics: str, device: str) -> dict[str, str]:
    """What bits depend on: versions, instruction set, device, threads. Equal records promise equal bytes."""
    import numpy as np

    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "numpy": version("numpy"),
        "scipy": version("scipy"),
        "torch": version("torch"),
        "device": _gpu_name() if device == "cuda" else device,
        "instruction_set": " ".join(np.show_config(mode="dicts")["SIMD Extensions"]["found"]),
        "numerics": numerics,
        "threads": os.environ.get(_THREADS, "all"),
    }


def merged_environments(records: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """One record for models that were trained in several environments: where these differ, their values in order.

    Records that were merged before can be merged again.
    """
    values: dict[str, set[str]] = {}
    for record in records:
        for key, value in record.items():
            values.setdefault(key, set()).update(value.split(_BETWEEN))
    return {key: _BETWEEN.join(sorted(several)) for key, several in values.items()}


def _gpu_name() -> str:
    import torch

    return torch.cuda.get_device_name()


def use_device(name: str) -> str:
    """The torch device for the config's `device`; torch, where it is needed at all, is set to one thread.

    "auto" is CUDA where there is one, then MPS, then the CPU. One thread, because jobs share the cores already
    and a sum that threads share has other bits. Raises UserError for a device that this machine lacks.
    """
    if name == "cpu" or (name == "auto" and not _has_gpu_driver()):
        return "cpu"  # without torch, which takes longer to load than a range's models to train

    import torch

    torch.set_num_threads(1)
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, present in available.items() if present)
    if not available[name]:
        raise UserError(f"device is {name}, which this machine does not have; set it to auto or cpu")
    return name


def _has_gpu_driver() -> bool:
    """Whether torch could find a GPU at all: an NVIDIA or AMD driver, or Apple's system."""
    if sys.platform == "darwin" or Path("/dev/kfd").exists():
        return True
    for driver in _GPU_DRIVERS:
        try:
            ctypes.CDLL(driver)
        except OSError:
            continue
        return True
    return False
