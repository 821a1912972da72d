"""Check a dataset folder, here or downloaded: files, records, figures, and the training of some of its models.

    python scripts/verify_dataset.py results/dataset
    python scripts/verify_dataset.py FOLDER --retrain 20 --seed-of-choice 1

Prints a line for each problem, naming file, row (the first is 0) and example. Exit status 0 where there is none,
else 1.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from subject_zoo.errors import UserError
from subject_zoo.numerics import environment_variables

SHOWN = 50  # problems in full; more are counted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder that holds manifest.json")
    parser.add_argument("--retrain", type=_count, default=5, metavar="K", help="records to train again (5)")
    parser.add_argument("--seed-of-choice", type=_count, metavar="N", help="chooses them; random where not given")
    arguments = parser.parse_args()
    _start_as_jobs_do(arguments.folder)

    from subject_zoo.verification import verify  # loads the numeric libraries

    found = 0
    try:
        for problem in verify(arguments.folder, _tell, arguments.retrain, arguments.seed_of_choice):
            found += 1
            if found <= SHOWN:
                _tell(str(problem))
    except UserError as error:
        _tell(str(error))
        return 1
    if found > SHOWN:
        _tell(f"... and {found - SHOWN} more")
    _tell(f"{arguments.folder}: {f'{found} problems' if found else 'no problem'}")
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
        numerics = json.loads((folder / "manifest.json").read_bytes())["config"]["numerics"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return  # the check of the manifest tells
    wanted = environment_variables(numerics)
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **wanted})


if __name__ == "__main__":
    sys.exit(main())
