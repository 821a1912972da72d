"""The environment that fixes floating-point results, and the record of it.

Bits depend on the instruction set that numeric libraries choose at start and on the number of threads that
share a sum. `portable` pins both to what every x86-64 machine since 2013 has; `native` pins threads alone.
"""

import platform
from collections.abc import Mapping
from importlib.metadata import version

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",  # torch's own kernels
    "MKL_CBWR": "AVX2",  # torch's matrix products
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
    import torch

    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "numpy": version("numpy"),
        "scipy": version("scipy"),
        "torch": version("torch"),
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "numerics": numerics,
        "threads": str(torch.get_num_threads()),
    }
