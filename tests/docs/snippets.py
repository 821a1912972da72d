"""Python in pages, run as it is written there, a process for all of them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.docs.pages import ROOT

_RUN = """
import json, sys
for name, blocks in json.load(sys.stdin).items():
    print("page", name)
    namespace = {}
    for block in blocks:
        exec(compile(block, name, "exec"), namespace)
"""

Blocks = Mapping[str, Sequence[str]]  # by page, which its blocks share their names in


def printed(pages: Blocks, folder: Path) -> list[str]:
    """The lines that blocks print in a folder, where nothing is asked of the internet."""
    away = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(folder / "home")}
    done = subprocess.run(
        [sys.executable, "-c", _RUN],
        cwd=folder,
        input=json.dumps(pages),
        env=os.environ | away | {"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def claimed(pages: Blocks) -> list[str]:
    """The lines that they say to print: `print(...)  # what`."""
    return [
        line
        for name, blocks in pages.items()
        for line in (f"page {name}", *re.findall(r"^print\(.*\)  # (.*)$", "\n".join(blocks), re.MULTILINE))
    ]
