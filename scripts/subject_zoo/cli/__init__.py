"""The command for whoever has a dataset folder and nothing else.

python -m subject_zoo verify results/dataset
python -m subject_zoo verify FOLDER --retrain 20 --seed-of-choice 1

A module for each sub-command: `add` says what may be typed; `run` does it, imports what takes time to load, and gives
the exit status.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from subject_zoo import __version__
from subject_zoo.base.errors import UserError
from subject_zoo.cli import baseline, doctor, info, merge, prompts, report, score, show, table, verify, views
from subject_zoo.cli.telling import tell

LEAST_PYTHON = (3, 11)


def command_line() -> argparse.ArgumentParser:
    """What may be typed: the commands, their arguments and options, each with its words."""
    parser = argparse.ArgumentParser(prog="subject-zoo", description="Look at and check datasets of Subject Zoo.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (info, show, report, prompts, views, score, table, baseline, verify, merge, doctor):
        command.add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sub-command; its exit status, 1 where it found something wrong."""
    if sys.version_info < LEAST_PYTHON:
        tell(f"Python {_dotted(LEAST_PYTHON)} or later is needed, and this is {_dotted(sys.version_info[:3])}")
        return 1
    options = command_line().parse_args(arguments)
    try:
        status: int = options.run(options)
    except UserError as error:
        tell(str(error))
        return 1
    except BrokenPipeError:  # whoever reads has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes once more at its end
        return 1
    return status


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))
