"""Results of models, side by side."""

import argparse
from pathlib import Path
from typing import Any

from subject_zoo.cli.telling import tell


def add(commands: Any) -> None:
    command = commands.add_parser(
        "table",
        help="results of models side by side, in Markdown",
        description="Prints a table for each task, of those that answered the same questions.",
    )
    command.add_argument("results", type=Path, nargs="+", metavar="FILE", help="what score --model NAME --json wrote")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from subject_zoo.judge.results import read_result, table  # loads the numeric libraries

    for line in table([read_result(path) for path in options.results]):
        tell(line)
    return 0
