"""What the README and CONTRIBUTING show works as it is written there."""

import os
import re
import subprocess
import sys
from pathlib import Path

from subject_zoo.patterns.definitions import PATTERNS

ROOT = Path(__file__).parents[2]


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_library_makes_examples_in_five_lines():
    [code] = [block for block in blocks("README.md", "python") if "make_examples" in block]
    assert len([line for line in code.splitlines() if line]) <= 5
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    figures, number = done.stdout.rsplit(" ", 1)
    assert "background" in figures
    assert any(name in figures for name in PATTERNS)
    assert int(number) > 0


def test_the_rooms_that_are_shown_are_those_that_there_are():
    rows = re.findall(r"^\| \d+ \| (.*?) \|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
    shown = {room for row in rows for room in re.findall(r"`(\w+)`", row)}
    library = ROOT / "scripts" / "subject_zoo"
    there = {path.stem for path in library.iterdir() if path.is_dir() or path.suffix == ".py"}
    assert shown == {name for name in there if not name.startswith("_")}
