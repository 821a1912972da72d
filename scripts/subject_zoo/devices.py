"""Where models are trained."""

import torch

from subject_zoo.errors import UserError


def use_device(name: str) -> str:
    """The torch device for the config's `device`, and this process set to one thread.

    "auto" is CUDA where there is one, then MPS, then the CPU. One thread, because jobs share the cores already
    and a sum that threads share has other bits. Raises UserError for a device that this machine lacks.
    """
    torch.set_num_threads(1)
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, present in available.items() if present)
    if not available[name]:
        raise UserError(f"device is {name}, which this machine does not have; set it to auto or cpu")
    return name
