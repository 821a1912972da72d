"""Environments with some of the installed packages and no others, made of links: no registry is asked."""

import venv
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement


def needed(requirements: Iterable[str]) -> set[str]:
    """The names of these requirements and of all that they need, without extras."""
    found: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = normal(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        waiting += map(Requirement, distribution(name).requires or ())
    return found


def normal(name: str) -> str:
    """A distribution's name as all write it."""
    return name.lower().replace("_", "-").replace(".", "-")


def make_environment(folder: Path, requirements: Iterable[str]) -> Path:
    """A virtual environment that has these requirements and what they need: the path of its python."""
    venv.create(folder)
    [packages] = (folder / "lib").glob("python*/site-packages")
    for name in needed(requirements):
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {".."}:
            if not (packages / top).exists():
                (packages / top).symlink_to(Path(str(found.locate_file(top))))
    return folder / "bin" / "python"
