"""The command for whoever has a dataset folder and nothing else.

python -m subject_zoo verify results/dataset
python -m subject_zoo verify FOLDER --retrain 20 --seed-of-choice 1
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import read_json
from subject_zoo.provenance.machine import environment_variables

SHOWN = 50  # problems in full; more are counted


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sub-command; its exit status, 1 where it found something wrong."""
    parser = argparse.ArgumentParser(prog="subject-zoo", description="Look at and check datasets of Subject Zoo.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser(
        "verify",
        help="check a dataset folder: files, records, figures, and the training of some of its models",
        description="Prints a line for each problem, naming file, row (the first is 0) and example. "
        "Exit status 0 where there is none, else 1.",
    )
    check.add_argument("folder", type=Path, help="the folder that holds manifest.json")
    check.add_argument("--retrain", type=_count, default=5, metavar="K", help="records to train again (5)")
    check.add_argument("--seed-of-choice", type=_count, metavar="N", help="chooses them; random where not given")
    check.set_defaults(run=_verify)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except UserError as error:
        _tell(str(error))
        return 1
    return status


def _verify(options: argparse.Namespace) -> int:
    _start_as_jobs_do(options.folder)

    from subject_zoo.verification.verify import verify  # loads the numeric libraries

    found = 0
    for problem in verify(options.folder, _tell, options.retrain, options.seed_of_choice):
        found += 1
        if found <= SHOWN:
            _tell(str(problem))
    if found > SHOWN:
        _tell(f"... and {found - SHOWN} more")
    _tell(f"{options.folder}: {f'{found} problems' if found else 'no problem'}")
    return 1 if found else 0


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _tell(line: str) -> None:
    print(line, flush=True)


def _start_as_jobs_do(folder: Path) -> None:
    """Start this process anew where numeric libraries would not be loaded as the jobs of the pipeline load them."""
    try:
        numerics = read_json(folder / "manifest.json")["config"]["numerics"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return  # the check of the manifest tells
    wanted = environment_variables(numerics)
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **wanted})
