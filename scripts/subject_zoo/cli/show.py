"""A record in words."""

import argparse
from typing import Any

from subject_zoo.cli.arguments import command_on_folder, whole_number
from subject_zoo.cli.telling import tell


def add(commands: Any) -> None:
    words = {"help": "make a record of a dataset folder readable", "description": "Prints a record."}
    command = command_on_folder(commands, run, "show", **words)
    command.add_argument("example_id", type=whole_number, metavar="ID", help="the record's example_id")
    command.add_argument("--whole", action="store_true", help="prompts and completions from end to end")


def run(options: argparse.Namespace) -> int:
    from subject_zoo.show import show  # loads the numeric libraries

    for line in show(options.folder, options.example_id, options.trust, options.whole):
        tell(line)
    return 0
