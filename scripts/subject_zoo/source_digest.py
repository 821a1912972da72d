"""A digest of the code that a script runs: itself and every module of the library that it imports.

Snakemake sees a script's own change alone, and by its time stamp; results depend on the modules' content.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_LIBRARY = Path(__file__).parent
_IMPORT = re.compile(r"^\s*(?:from subject_zoo\.(\w+) import|import subject_zoo\.(\w+))", re.MULTILINE)


@cache
def _imports(path: Path) -> frozenset[Path]:
    found = _IMPORT.findall(path.read_text(encoding="utf-8"))
    modules = {_LIBRARY / f"{first or second}.py" for first, second in found}
    return frozenset(modules | {path.with_suffix(".c") for path in modules if path.with_suffix(".c").exists()})


def sources(script: Path) -> list[Path]:
    """The script and the library's modules that it reaches by imports, sorted by name, the script first.

    A C source of a module's name, beside it, is one of them.
    """
    reached: set[Path] = set()
    waiting = set(_imports(script))
    while waiting:
        module = waiting.pop()
        reached.add(module)
        waiting |= _imports(module) - reached
    return [script, *sorted(reached)]


def source_digest(script: Path) -> str:
    """sha256, hex, of the names and contents of `sources(script)`; line ends do not count."""
    digest = hashlib.sha256()
    for path in sources(script):
        text = path.read_text(encoding="utf-8")  # universal newlines
        digest.update(f"{path.name}\n{len(text)}\n{text}".encode())
    return digest.hexdigest()


def combined_digest(scripts: Iterable[Path]) -> str:
    """sha256, hex, of the digests of several scripts, in their order."""
    return hashlib.sha256("".join(source_digest(script) for script in scripts).encode()).hexdigest()
