"""Whether a process handles a signal itself."""

import re
from pathlib import Path


def handles(process: int, number: int) -> bool:
    """Whether the process of that number has a handler of its own for a signal. Raises OSError where it has ended."""
    status = Path(f"/proc/{process}/status").read_text()
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)", status, re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)
