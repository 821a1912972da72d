"""How `make run` starts Snakemake: what Snakemake meets before it reads the Snakefile is one line."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipeline import ROOT, SMALL
from tests.signals import handles


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, ROOT / "scripts" / "main_process", "--snakefile", ROOT / "Snakefile"]
    command += ["--directory", folder, "--cores", "1", "--dry-run", *arguments]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seconds", [0.0, 0.2])
def test_a_run_that_is_stopped_while_snakemake_is_loaded_says_so(tmp_path, number, seconds):
    process = start(tmp_path, "--configfile", str(SMALL))
    while not handles(process.pid, signal.SIGTERM):  # as Python by itself does not
        time.sleep(0.001)
    time.sleep(seconds)
    process.send_signal(number)
    said = process.communicate(timeout=60)[0]
    assert said == "stopped; nothing was begun yet: type the same command to go on\n"
    assert process.returncode == 128 + number


def test_a_configuration_that_would_kill_snakemake_is_one_line(tmp_path):
    (tmp_path / "deep.yaml").write_text("[" * 100_000)
    process = start(tmp_path, "--configfile", str(tmp_path / "deep.yaml"))
    said = process.communicate(timeout=60)[0]
    assert said.startswith(f"{tmp_path}/deep.yaml: ")
    assert len(said.splitlines()) == 1
    assert process.returncode == 1


def test_a_home_that_is_none_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "home").write_text("")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    process = start(tmp_path, "--configfile", str(SMALL))
    said = process.communicate(timeout=60)[0]
    assert said.endswith("set HOME or XDG_CACHE_HOME to a folder that can be written\n")
    assert len(said.splitlines()) == 1
    assert process.returncode == 1


def test_snakemake_gets_all_else(tmp_path):
    process = start(tmp_path, "--configfile", str(SMALL))
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    assert "This was a dry-run" in said
