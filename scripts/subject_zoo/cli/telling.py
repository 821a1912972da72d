"""Lines for whoever typed a command."""

import sys

from subject_zoo.base.lines import printable


def tell(line: str) -> None:
    """Whatever a folder's texts hold, a terminal shows it, in its own encoding, and obeys none of it."""
    encoding = sys.stdout.encoding or "utf-8"
    print(printable(line).encode(encoding, "backslashreplace").decode(encoding), flush=True)
