"""Where models are trained: what is there, without loading torch where it cannot help."""

import os
import subprocess
import sys

import pytest
import torch

from subject_zoo import devices
from subject_zoo.devices import use_device
from subject_zoo.errors import UserError


def test_the_cpu_is_always_there(monkeypatch):
    monkeypatch.setattr(devices, "_has_gpu_driver", lambda: False)
    assert use_device("auto") == use_device("cpu") == "cpu"


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_takes_the_best_that_torch_finds(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(devices, "_has_gpu_driver", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert use_device("auto") == expected


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_one_line(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match=f"device is {name}, which this machine does not have"):
        use_device(name)


def test_a_process_on_the_cpu_does_not_load_torch():
    """Loading it takes longer than training the models of a range."""
    imports = "from subject_zoo import devices, measurement, stages, formatter"
    code = f"import sys; {imports}; assert devices.use_device('cpu') == 'cpu'; sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
