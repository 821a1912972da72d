"""The environment that fixes floating-point results, and the record of it.

Training, evaluation and signatures on the CPU are the kernels', whose bits are the same everywhere (mlp_kernel.c,
signature_kernel.c). Those of numpy depend on the instruction set that it chooses at start and on the number of threads
that share a sum. `portable` pins both to what every x86-64 machine since 2013 has; `native` pins threads alone.
"""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version

_THREADS = "OPENBLAS_NUM_THREADS"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", _THREADS: "1"}
_AVX2 = {
    "OPENBLAS_CORETYPE": "Haswell",  # numpy's matrix products
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",  # numpy's own loops
}


def environment_variables(numerics: str) -> dict[str, str]:
    """Variables to set before a process starts, for `numerics` "portable" or "native".

    They are read when numpy and torch are loaded: setting them later has no effect.
    """
    return {**_ONE_THREAD, **(_AVX2 if numerics == "portable" else {})}


def environment_record(numerics: str, device: str) -> Mapping[str, str]:
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


def _gpu_name() -> str:
    import torch

    return torch.cuda.get_device_name()
