"""How far programs get that are no interpreters."""

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.cli.arguments import command_on_folder, output_file, whole_number
from subject_zoo.cli.telling import tell


def add(commands: Any) -> None:
    command = command_on_folder(
        commands,
        run,
        "baseline",
        help="how far programs get on a dataset folder's tasks that are no interpreters",
        description="Prints tables, and last a line of JSON. Records are made anew from the folder's configuration.",
    )
    command.add_argument(
        "--full", action="store_true", help="three seeds, 2,700 records to learn from, longer training"
    )
    command.add_argument("--ladder", type=Path, metavar="FILE", help="what --json wrote before: it gets rungs added")
    for rung, words in (("zero", "--shots 0"), ("few", "more --shots")):
        text = f"a language model's answers to what subject-zoo prompts wrote with {words}: a rung"
        command.add_argument(f"--{rung}-shot", type=Path, metavar="FILE", help=text)
    command.add_argument(
        "--records", type=whole_number, metavar="N", help="the first so many that it was asked; all else"
    )
    command.add_argument(
        "--tested-on", type=Path, metavar="FOLDER", help="test on another dataset's records, of other networks"
    )
    command.add_argument("--json", type=output_file, metavar="OUT", help="write the whole report there")


def run(options: argparse.Namespace) -> int:
    _check(options)
    from subject_zoo.base.files import write_json  # loads the numeric libraries with the next line
    from subject_zoo.judge import ladder, rungs
    from subject_zoo.judge.lines import ladder_lines
    from subject_zoo.judge.score import score

    known = None if options.ladder is None else rungs.read_ladder(options.ladder)
    files = {rung: getattr(options, rung) for rung in rungs.OFF_THE_SHELF}
    answers = {
        rung: score(options.folder, file, trusted=options.trust, records=options.records)
        for rung, file in files.items()
        if file is not None
    }
    effort = ladder.FULL if options.full else ladder.QUICK
    progress = partial(print, file=sys.stderr, flush=True)
    report = known or ladder.ladder(options.folder, effort, progress, options.trust, options.tested_on)
    report = rungs.with_answers(report, answers)
    if options.json is not None:
        write_json(options.json, report)
    for line in ladder_lines(report):
        tell(line)
    tell(json.dumps(rungs.summary(report)))
    return 0


def _check(options: argparse.Namespace) -> None:
    """Raise UserError for options that would have no effect, or measure on different records what stands together."""
    asked = options.zero_shot is not None or options.few_shot is not None
    if options.ladder is not None and (options.full or options.tested_on is not None):
        option = "--full" if options.full else "--tested-on"
        raise UserError(f"--ladder names what was measured, and {option} how to measure it; leave one out")
    if options.records is not None and not asked:
        raise UserError("--records is of the answers of --zero-shot and --few-shot, and neither is given")
    if options.tested_on is not None and asked:
        option = "--few-shot" if options.zero_shot is None else "--zero-shot"
        raise UserError(
            f"--tested-on has programs answer for another folder's records, and {option} holds answers for this one's; "
            "leave one out"
        )
