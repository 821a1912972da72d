"""Where models are trained: what is there, without loading torch where it cannot help."""

import os
import subprocess
import sys

import pytest
import torch

from subject_zoo.base.errors import UserError
from subject_zoo.provenance import machine as devices
from subject_zoo.provenance.machine import check_device, merged_environments, use_device


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


class Driver:
    """A stand-in for NVIDIA's driver that finds so many GPUs."""

    def __init__(self, gpus: int, status: int = 0) -> None:
        self.gpus, self.status = gpus, status

    def cuInit(self, flags: int) -> int:  # noqa: N802
        return self.status

    def cuDeviceGetCount(self, count) -> int:  # noqa: N802
        count._obj.value = self.gpus
        return 0


@pytest.mark.parametrize(
    ("driver", "is_there"), [(None, False), (Driver(0), False), (Driver(0, status=100), False), (Driver(2), True)]
)
def test_a_gpu_is_counted_by_its_driver(monkeypatch, tmp_path, driver, is_there):
    monkeypatch.setattr(devices, "_nvidia_driver", lambda: driver)
    monkeypatch.setattr(devices, "_AMD_DRIVER", tmp_path / "kfd")
    for name in ("cpu", "auto"):
        check_device(name)
    if is_there:
        check_device("cuda")
    else:
        with pytest.raises(UserError, match="device is cuda, which this machine does not have"):
            check_device("cuda")
    (tmp_path / "kfd").touch()
    check_device("cuda")


@pytest.mark.parametrize(("system", "is_there"), [("darwin", True), ("linux", False)])
def test_apples_gpu_is_apples(monkeypatch, system, is_there):
    monkeypatch.setattr(devices.sys, "platform", system)
    if is_there:
        check_device("mps")
    else:
        with pytest.raises(UserError, match="device is mps, which this machine does not have"):
            check_device("mps")


def test_a_process_on_the_cpu_does_not_load_torch():
    """Loading it takes longer than training the models of a range."""
    imports = "from subject_zoo import chain; from subject_zoo.provenance.machine import use_device"
    code = f"import sys; {imports}; assert use_device('cpu') == 'cpu'; sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_models_of_several_environments_have_the_values_of_all():
    gpu, cpu = {"device": "NVIDIA H100", "numpy": "2.4.6"}, {"device": "cpu", "numpy": "2.4.6"}
    assert merged_environments([]) == {}
    assert merged_environments([gpu, {}, gpu]) == gpu
    both = {"device": "NVIDIA H100 | cpu", "numpy": "2.4.6"}
    assert merged_environments([gpu, cpu]) == merged_environments([cpu, gpu]) == both
    assert merged_environments([both, cpu]) == both
