"""What to ask a language model that was trained on no record."""

import argparse
import json
from typing import Any

from subject_zoo.base.terms import TASKS
from subject_zoo.cli.arguments import command_on_folder, output_file, whole_number
from subject_zoo.cli.telling import tell


def add(commands: Any) -> None:
    command = command_on_folder(
        commands,
        run,
        "prompts",
        help="what to ask a language model that was trained on no record, as a file",
        description="Writes prompts of the test split, a line each: example_id, task and prompt. With completion in "
        "the place of prompt, the lines are what score and baseline read. Prints by task the digest of what is asked, "
        "as score's report has it (asked_sha256).",
    )
    command.add_argument(
        "--shots", type=whole_number, default=0, metavar="N", help="answered training records before each"
    )
    command.add_argument("--task", choices=TASKS, help="of one task alone; of all that there are if not given")
    command.add_argument(
        "--records", type=whole_number, metavar="N", help="the split's first so many; all where not given"
    )
    command.add_argument(
        "-o", "--output", type=output_file, default="prompts.jsonl", metavar="OUT", help="(prompts.jsonl)"
    )


def run(options: argparse.Namespace) -> int:
    from subject_zoo.base.files import atomic_file  # loads the numeric libraries with the next line
    from subject_zoo.dataset.cautions import cautions
    from subject_zoo.dataset.received import Received
    from subject_zoo.judge.asking import digests, questions

    count = 0
    with atomic_file(options.output) as file:
        for question in questions(options.folder, options.task, options.shots, options.records, options.trust):
            file.write(json.dumps(question).encode() + b"\n")
            count += 1
    tell(f"{options.output}: {count} prompts")
    for caution in cautions(Received(options.folder, options.trust).manifest()["config"]):
        tell(caution)
    for task, digest in digests(options.folder, options.task, options.records, options.trust).items():
        tell(f"asked_sha256 of {task}: {digest}")
    return 0
