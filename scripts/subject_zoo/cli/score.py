"""Completions, judged."""

import argparse
from pathlib import Path
from typing import Any

from subject_zoo.cli.arguments import command_on_folder, output_file, whole_number
from subject_zoo.cli.telling import tell


def add(commands: Any) -> None:
    command = command_on_folder(
        commands,
        run,
        "score",
        help="judge a file of completions against a dataset folder, by running the networks",
        description="Prints shares with 95 % intervals. A line of the file holds example_id, task and completion.",
    )
    command.add_argument("completions", type=Path, help="JSON lines")
    command.add_argument("--split", default="test", help="train, validation, test (the default) or all")
    command.add_argument(
        "--records", type=whole_number, metavar="N", help="of the split's first so many; all if not given"
    )
    command.add_argument(
        "--fresh-seed", type=whole_number, default=1, metavar="N", help="draws the fresh sequences (1)"
    )
    command.add_argument("--with-tools", action="store_true", help="note that the interpreter could run programs")
    command.add_argument(
        "--model", metavar="NAME", help="who answered: noted in the report, so that `table` can show it"
    )
    command.add_argument("--ladder", type=Path, metavar="FILE", help="what baseline --json wrote, to be compared with")
    command.add_argument("--json", type=output_file, metavar="OUT", help="write the whole report there")


def run(options: argparse.Namespace) -> int:
    from subject_zoo.base.files import write_json  # loads the numeric libraries with the next line
    from subject_zoo.judge.lines import score_lines
    from subject_zoo.judge.rungs import above_best, is_of, read_ladder
    from subject_zoo.judge.score import score

    rungs = None if options.ladder is None else read_ladder(options.ladder)
    report = score(
        options.folder,
        options.completions,
        options.split,
        options.fresh_seed,
        options.with_tools,
        options.trust,
        options.model,
        options.records,
    )
    if rungs is not None:
        report |= {"above_ladder": above_best(report, rungs), "ladder_is_of_this": is_of(rungs, report)}
    for line in score_lines(report):
        tell(line)
    if options.json is not None:
        write_json(options.json, report)
    return 0
