"""What `make` needs of a machine, it says in one line before anything is installed."""

import os
import re
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


NAMES = [
    "my zoo",
    "z$(touch PWN5)",
    "z`touch PWN5`",
    "a'b",
    'a"b',
    "$HOME",
    "-dash",
    "a;touch PWN5",
    "x' ; touch PWN5 ; '",
    '"; touch PWN5; "',
    "$(shell touch PWN5)",
    "a\\b",
    "a#b",
    "$$x",
]
"""Of folders and files, each of which would run a command, or be another name, where it became a part of one."""


def told_words(folder: Path, *arguments: str, **environment: str) -> list[list[str]]:
    """The words that `make` called a Python with, each time, in a folder that is set up with a stand-in for it."""
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    stub = folder / ".venv" / "bin" / "python"
    if not stub.exists():
        stub.parent.mkdir(parents=True)
        stub.write_text('#!/bin/sh\nfor word; do printf "%s\\0" "$word"; done >> told\nprintf "\\n" >> told\n')
        stub.chmod(0o755)
    ready = folder / ".venv" / ".ready"
    ready.touch()
    os.utime(ready, (2**32, 2**32))
    (folder / "told").unlink(missing_ok=True)
    done = subprocess.run(
        ["make", "--silent", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    return [line.split("\0")[:-1] for line in (folder / "told").read_text().splitlines()]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_reaches_the_program_as_it_is_and_no_shell_reads_it(tmp_path, name):
    for command in ("verify", "baseline", "info", "score"):
        (words,) = told_words(tmp_path, command, f"FOLDER={name}", f"COMPLETIONS={name}", "ARGS=--json out")
        names = [name, name] if command == "score" else [name]
        assert words == ["-m", "subject_zoo", command, "--json", "out", "--", *names]
    (words,) = told_words(tmp_path, "verify", FOLDER=name)
    assert words[-1] == name
    assert not list(tmp_path.glob("**/PWN*"))


@pytest.mark.parametrize("name", NAMES)
def test_a_checkout_may_be_called_anything_that_a_folder_may(tmp_path, name):
    checkout = tmp_path / name.replace("/", "")
    checkout.mkdir()
    (words,) = told_words(checkout, "run", "ARGS=-n")
    assert words == ["scripts/main_process", "--cores", "all", "-n"]
    assert not list(tmp_path.glob("**/PWN*"))


@pytest.mark.parametrize("name", NAMES)
def test_a_python_may_be_called_anything(tmp_path, name):
    folder = tmp_path / "bin"
    folder.mkdir()
    python = folder / name.replace("/", "")
    done = make(tmp_path, str(python))
    assert done.returncode != 0
    assert done.stdout.startswith(f"make: no {python} here; name one")
    assert not list(tmp_path.glob("**/PWN*"))


def test_help_has_a_line_for_each_target_and_needs_nothing(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    done = subprocess.run(["make", "--silent", "help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    told = re.findall(r"^make ([\w-]+)  +(?=\S)", done.stdout, re.MULTILINE)
    [targets] = re.findall(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(targets.split())
    assert os.listdir(tmp_path) == ["Makefile"]
