"""Where models are trained."""

import ctypes
import sys
from pathlib import Path

from subject_zoo.errors import UserError

_DRIVERS = ("libcuda.so.1", "nvcuda.dll")


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
    for driver in _DRIVERS:
        try:
            ctypes.CDLL(driver)
        except OSError:
            continue
        return True
    return False
