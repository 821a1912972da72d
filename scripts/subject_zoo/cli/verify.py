"""A dataset, checked."""

import argparse
import os
import sys
from typing import Any

from subject_zoo.cli.arguments import command_on_folder, whole_number
from subject_zoo.cli.telling import tell

SHOWN = 50  # problems in full; more are counted


def add(commands: Any) -> None:
    command = command_on_folder(
        commands,
        run,
        "verify",
        help="check a dataset folder: files, records, figures, and the training of some of its models",
        description="Prints a line for each problem, naming file, row (the first is 0) and example. "
        "Exit status 0 where there is none, else 1.",
    )
    command.add_argument("--retrain", type=whole_number, default=5, metavar="K", help="records to train again (5)")
    command.add_argument(
        "--seed-of-choice", type=whole_number, metavar="N", help="chooses them; random where not given"
    )
    command.add_argument(
        "--processes", type=whole_number, default=_cores(), metavar="N", help="that check shards at once (one a core)"
    )


def run(options: argparse.Namespace) -> int:
    from subject_zoo.verification.verify import verify  # loads the numeric libraries

    found = 0
    for problem in verify(
        options.folder, tell, options.retrain, options.seed_of_choice, options.trust, options.processes
    ):
        found += 1
        if found <= SHOWN:
            tell(str(problem))
    if found > SHOWN:
        tell(f"... and {found - SHOWN} more")
    tell(f"{options.folder}: {f'{found} problems' if found else 'no problem'}")
    return 1 if found else 0


def _cores() -> int:
    """How many of the processor's cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
