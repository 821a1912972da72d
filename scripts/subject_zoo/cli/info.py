"""A dataset on one screen."""

import argparse
import json
from typing import Any

from subject_zoo.cli.arguments import command_on_folder
from subject_zoo.cli.telling import tell


def add(commands: Any) -> None:
    command = command_on_folder(
        commands,
        run,
        "info",
        help="what a dataset folder holds, on one screen",
        description="Prints records, networks, lengths, patterns, sizes and digests. Nothing is checked: see verify.",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object instead")


def run(options: argparse.Namespace) -> int:
    from subject_zoo.info.facts import facts  # loads the numeric libraries
    from subject_zoo.info.lines import lines

    known = facts(options.folder, options.trust)
    for line in [json.dumps(known)] if options.json else lines(known):
        tell(line)
    return 0
