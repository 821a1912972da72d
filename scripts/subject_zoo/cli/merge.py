"""Several datasets made one."""

import argparse
from pathlib import Path
from typing import Any

from subject_zoo.cli.telling import tell


def add(commands: Any) -> None:
    words = "make one dataset of several that differ in their seeds alone"
    command = commands.add_parser(
        "merge",
        help=words,
        description="The runs that made them have a shared_seed in common. To the numbers of the second and further "
        "ones' examples a round number is added; manifest.json and the card say which.",
    )
    command.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="finished datasets")
    command.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="a folder that does not exist")
    command.add_argument("--trust", action="store_true", help="read them whatever memory it takes, and follow links")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from subject_zoo.merge import merge  # loads the numeric libraries

    parts = merge(options.folders, options.output, options.trust)
    for folder, part in zip(options.folders, parts, strict=True):
        facts, first = part.facts, part.first_example_id
        tell(f"{folder}: {facts['num_examples']:,} records of seed {facts['seed']}, with {first} added to example_id")
    count = sum(part.facts["num_examples"] for part in parts)
    tell(f"{options.output}: {count:,} records; to check it, type: subject-zoo verify {options.output}")
    return 0
