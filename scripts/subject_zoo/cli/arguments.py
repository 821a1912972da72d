"""What several commands take: a dataset's folder, whole numbers, and files to be written."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def command_on_folder(commands: Any, run: Callable[[argparse.Namespace], int], name: str, **words: str) -> Any:
    """A sub-command on a dataset folder, to be given further arguments; `run` gives its exit status."""
    command = commands.add_parser(name, **words)
    command.add_argument("folder", type=Path, help="the folder that holds manifest.json")
    command.add_argument("--trust", action="store_true", help="read it whatever memory it takes, and follow its links")
    command.set_defaults(run=run)
    return command


def whole_number(text: str) -> int:
    """A number, 0 or more. Raises ArgumentTypeError."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text)


def output_file(text: str) -> Path:
    """A file to be written after minutes of work: what forbids it is said before. Raises ArgumentTypeError."""
    path = Path(text).absolute()
    existing = next(folder for folder in path.parents if folder.exists())
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder; name a file")
    if not existing.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written: {str(existing)!r} is not a folder")
    if not os.access(existing, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written: {str(existing)!r} is read-only")
    return path
