"""The tasks on other views of a dataset's networks."""

import argparse
from typing import Any

from subject_zoo.cli.arguments import command_on_folder, output_file, whole_number
from subject_zoo.cli.telling import tell


def add(commands: Any) -> None:
    command = command_on_folder(
        commands,
        run,
        "views",
        help="write a dataset folder's tasks on other views of its networks: neurons moved, the same functions",
        description="Writes JSON lines: example_id, task, view, prompt, completion; view 0 is the record as it stands. "
        "Completions whose lines keep view are scored by whether they agree over views.",
    )
    command.add_argument("--split", default="test", help="train, validation, test (the default) or all")
    command.add_argument(
        "--views", type=whole_number, default=4, metavar="N", help="beside the record as it stands (4)"
    )
    command.add_argument("-o", "--output", type=output_file, default="views.jsonl", metavar="OUT", help="(views.jsonl)")


def run(options: argparse.Namespace) -> int:
    from subject_zoo.judge.views import view_rows  # loads the numeric libraries with the next line
    from subject_zoo.records.files import save_records

    lines = save_records(options.output, view_rows(options.folder, options.split, options.views, options.trust))
    tell(f"{options.output}: {lines} prompts")
    return 0
