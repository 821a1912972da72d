"""What `make` needs of a machine, it says in one line before anything is installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Stand-ins for a python: one that says it is older, and one without a module.
OLDER = "import sys; sys.version_info = (3, 9, 2); sys.version = '3.9.2 (old)'; exec(sys.argv[1])"
WITHOUT = "import sys; sys.modules['ensurepip'] = None; exec(sys.argv[1])"


def make(folder: Path, python: str) -> subprocess.CompletedProcess:
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    return subprocess.run(
        ["make", "--silent", f"PYTHON={python}", "run"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (OLDER, "make: Python 3.11 or later is needed, and {python} is 3.9.2; name another: make PYTHON=..."),
        (WITHOUT, "make: {python} has no venv module; install it (on Debian: apt-get install python3-venv), or name"),
        (None, "make: no {python} here; name one, 3.11 or later: make PYTHON=..."),
    ],
    ids=["too old", "without venv", "none"],
)
def test_a_python_that_will_not_do_is_one_line(tmp_path, program, expected):
    python = tmp_path / "python"
    if program is not None:
        python.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exec {sys.executable} -c "{program}" "$2"\nexit 99\n')
        python.chmod(0o755)
    done = make(tmp_path, str(python))
    assert done.returncode != 0
    told = [line for line in (done.stdout + done.stderr).splitlines() if "***" not in line and line]
    assert len(told) == 1, told
    assert told[0].startswith(expected.format(python=python))
    assert not (tmp_path / ".venv").exists()
    assert os.listdir(tmp_path).count("results") == 0
