"""The command for whoever has a dataset folder and nothing else.

python -m subject_zoo verify results/dataset
python -m subject_zoo verify FOLDER --retrain 20 --seed-of-choice 1
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from subject_zoo import __version__
from subject_zoo.base.errors import UserError
from subject_zoo.base.lines import printable
from subject_zoo.base.terms import TASKS

LEAST_PYTHON = (3, 11)
SHOWN = 50  # problems in full; more are counted


def command_line() -> argparse.ArgumentParser:
    """What may be typed: the commands, their arguments and options, each with its words."""
    parser = argparse.ArgumentParser(prog="subject-zoo", description="Look at and check datasets of Subject Zoo.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (
        _add_info,
        _add_show,
        _add_report,
        _add_prompts,
        _add_views,
        _add_score,
        _add_table,
        _add_baseline,
        _add_verify,
        _add_merge,
        _add_doctor,
    ):
        add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sub-command; its exit status, 1 where it found something wrong."""
    if sys.version_info < LEAST_PYTHON:
        _tell(f"Python {_dotted(LEAST_PYTHON)} or later is needed, and this is {_dotted(sys.version_info[:3])}")
        return 1
    options = command_line().parse_args(arguments)
    try:
        status: int = options.run(options)
    except UserError as error:
        _tell(str(error))
        return 1
    except BrokenPipeError:  # whoever reads has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes once more at its end
        return 1
    return status


def _command(commands: Any, run: Callable[[argparse.Namespace], int], name: str, **words: str) -> Any:
    """A sub-command on a dataset folder."""
    command = commands.add_parser(name, **words)
    command.add_argument("folder", type=Path, help="the folder that holds manifest.json")
    command.add_argument("--trust", action="store_true", help="read it whatever memory it takes, and follow its links")
    command.set_defaults(run=run)
    return command


def _add_info(commands: Any) -> None:
    command = _command(
        commands,
        _info,
        "info",
        help="what a dataset folder holds, on one screen",
        description="Prints records, networks, lengths, patterns, sizes and digests. Nothing is checked: see verify.",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object instead")


def _add_show(commands: Any) -> None:
    words = {"help": "make a record of a dataset folder readable", "description": "Prints a record."}
    command = _command(commands, _show, "show", **words)
    command.add_argument("example_id", type=_count, metavar="ID", help="the record's example_id")
    command.add_argument("--whole", action="store_true", help="prompts and completions from end to end")


def _add_report(commands: Any) -> None:
    words = "a dataset folder on one page for a browser: figures, and records as stories"
    command = _command(commands, _report, "report", help=words, description="Writes the page, one file.")
    command.add_argument("-o", "--output", type=_output, default="report.html", metavar="OUT", help="(report.html)")
    command.add_argument("--ladder", type=Path, metavar="FILE", help="what baseline --json wrote, to be shown too")


def _add_prompts(commands: Any) -> None:
    command = _command(
        commands,
        _prompts,
        "prompts",
        help="what to ask a language model that was trained on no record, as a file",
        description="Writes prompts of the test split, a line each: example_id, task and prompt. With completion in "
        "the place of prompt, the lines are what score and baseline read. Prints by task the digest of what is asked, "
        "as score's report has it (asked_sha256).",
    )
    command.add_argument("--shots", type=_count, default=0, metavar="N", help="answered training records before each")
    command.add_argument("--task", choices=TASKS, help="of one task alone; of all that there are if not given")
    command.add_argument("--records", type=_count, metavar="N", help="the split's first so many; all where not given")
    command.add_argument("-o", "--output", type=_output, default="prompts.jsonl", metavar="OUT", help="(prompts.jsonl)")


def _add_score(commands: Any) -> None:
    command = _command(
        commands,
        _score,
        "score",
        help="judge a file of completions against a dataset folder, by running the networks",
        description="Prints shares with 95 % intervals. A line of the file holds example_id, task and completion.",
    )
    command.add_argument("completions", type=Path, help="JSON lines")
    command.add_argument("--split", default="test", help="train, validation, test (the default) or all")
    command.add_argument("--records", type=_count, metavar="N", help="of the split's first so many; all if not given")
    command.add_argument("--fresh-seed", type=_count, default=1, metavar="N", help="draws the fresh sequences (1)")
    command.add_argument("--with-tools", action="store_true", help="note that the interpreter could run programs")
    command.add_argument(
        "--model", metavar="NAME", help="who answered: noted in the report, so that `table` can show it"
    )
    command.add_argument("--ladder", type=Path, metavar="FILE", help="what baseline --json wrote, to be compared with")
    command.add_argument("--json", type=_output, metavar="OUT", help="write the whole report there")


def _add_views(commands: Any) -> None:
    command = _command(
        commands,
        _views,
        "views",
        help="write a dataset folder's tasks on other views of its networks: neurons moved, the same functions",
        description="Writes JSON lines: example_id, task, view, prompt, completion; view 0 is the record as it stands. "
        "Completions whose lines keep view are scored by whether they agree over views.",
    )
    command.add_argument("--split", default="test", help="train, validation, test (the default) or all")
    command.add_argument("--views", type=_count, default=4, metavar="N", help="beside the record as it stands (4)")
    command.add_argument("-o", "--output", type=_output, default="views.jsonl", metavar="OUT", help="(views.jsonl)")


def _add_table(commands: Any) -> None:
    words = "results of models side by side, in Markdown"
    command = commands.add_parser(
        "table",
        help=words,
        description="Prints a table for each task, of those that answered the same questions.",
    )
    command.add_argument("results", type=Path, nargs="+", metavar="FILE", help="what score --model NAME --json wrote")
    command.set_defaults(run=_table)


def _add_baseline(commands: Any) -> None:
    command = _command(
        commands,
        _baseline,
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
    command.add_argument("--records", type=_count, metavar="N", help="the first so many that it was asked; all else")
    command.add_argument(
        "--tested-on", type=Path, metavar="FOLDER", help="test on another dataset's records, of other networks"
    )
    command.add_argument("--json", type=_output, metavar="OUT", help="write the whole report there")


def _add_verify(commands: Any) -> None:
    command = _command(
        commands,
        _verify,
        "verify",
        help="check a dataset folder: files, records, figures, and the training of some of its models",
        description="Prints a line for each problem, naming file, row (the first is 0) and example. "
        "Exit status 0 where there is none, else 1.",
    )
    command.add_argument("--retrain", type=_count, default=5, metavar="K", help="records to train again (5)")
    command.add_argument("--seed-of-choice", type=_count, metavar="N", help="chooses them; random where not given")
    command.add_argument(
        "--processes", type=_count, default=_cores(), metavar="N", help="that check shards at once (one a core)"
    )


def _add_merge(commands: Any) -> None:
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
    command.set_defaults(run=_merge)


def _cores() -> int:
    """How many of the processor's cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _info(options: argparse.Namespace) -> int:
    from subject_zoo.info.facts import facts  # loads the numeric libraries
    from subject_zoo.info.lines import lines

    known = facts(options.folder, options.trust)
    for line in [json.dumps(known)] if options.json else lines(known):
        _tell(line)
    return 0


def _add_doctor(commands: Any) -> None:
    words = "whether this machine is ready for a run, and what to do where it is not"
    command = commands.add_parser("doctor", help=words, description="Exit status 0 where it is ready.")
    command.add_argument("--records", type=_count, metavar="N", help="of a run for so many (num_examples)")
    command.add_argument(
        "--configfile", type=Path, action="append", default=[], metavar="FILE", help="laid over config.yaml; may repeat"
    )
    command.add_argument("--directory", type=Path, default=Path(), metavar="FOLDER", help="where the run works (here)")
    command.add_argument("--json", action="store_true", help="print one JSON object instead")
    command.set_defaults(run=_doctor)


def _show(options: argparse.Namespace) -> int:
    from subject_zoo.show import show  # loads the numeric libraries

    for line in show(options.folder, options.example_id, options.trust, options.whole):
        _tell(line)
    return 0


def _report(options: argparse.Namespace) -> int:
    from subject_zoo.base.files import atomic_write  # loads the numeric libraries with the next line
    from subject_zoo.report.page import report

    page = report(options.folder, options.ladder, trusted=options.trust)
    atomic_write(options.output, page)
    _tell(f"{options.output}: {len(page) / 1e6:.1f} MB, for a browser")
    return 0


def _prompts(options: argparse.Namespace) -> int:
    from subject_zoo.base.files import atomic_file  # loads the numeric libraries with the next line
    from subject_zoo.judge.asking import digests, questions

    count = 0
    with atomic_file(options.output) as file:
        for question in questions(options.folder, options.task, options.shots, options.records, options.trust):
            file.write(json.dumps(question).encode() + b"\n")
            count += 1
    _tell(f"{options.output}: {count} prompts")
    for task, digest in digests(options.folder, options.task, options.records, options.trust).items():
        _tell(f"asked_sha256 of {task}: {digest}")
    return 0


def _score(options: argparse.Namespace) -> int:
    from subject_zoo.base.files import write_json  # loads the numeric libraries with the next line
    from subject_zoo.judge.rungs import above_best, read_ladder
    from subject_zoo.judge.score import lines, score

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
        report["above_ladder"] = above_best(report, rungs)
    for line in lines(report):
        _tell(line)
    if options.json is not None:
        write_json(options.json, report)
    return 0


def _views(options: argparse.Namespace) -> int:
    from subject_zoo.judge.views import view_rows  # loads the numeric libraries with the next line
    from subject_zoo.records.files import save_records

    lines = save_records(options.output, view_rows(options.folder, options.split, options.views, options.trust))
    _tell(f"{options.output}: {lines} prompts")
    return 0


def _table(options: argparse.Namespace) -> int:
    from subject_zoo.judge.results import read_result, table  # loads the numeric libraries

    for line in table([read_result(path) for path in options.results]):
        _tell(line)
    return 0


def _baseline(options: argparse.Namespace) -> int:
    from subject_zoo.base.files import write_json  # loads the numeric libraries with the next line
    from subject_zoo.judge import ladder, rungs
    from subject_zoo.judge.score import score

    known = None if options.ladder is None else rungs.read_ladder(options.ladder)
    files = {rung: getattr(options, rung) for rung in rungs.OFF_THE_SHELF}
    answers = {
        rung: score(options.folder, file, trusted=options.trust, records=options.records)
        for rung, file in files.items()
        if file is not None
    }
    effort = ladder.FULL if options.full else ladder.QUICK
    tell = partial(print, file=sys.stderr, flush=True)
    report = known or ladder.ladder(options.folder, effort, tell, options.trust, options.tested_on)
    report = rungs.with_answers(report, answers)
    if options.json is not None:
        write_json(options.json, report)
    for line in ladder.lines(report):
        _tell(line)
    _tell(json.dumps(rungs.summary(report)))
    return 0


def _verify(options: argparse.Namespace) -> int:
    from subject_zoo.verification.verify import verify  # loads the numeric libraries

    found = 0
    for problem in verify(
        options.folder, _tell, options.retrain, options.seed_of_choice, options.trust, options.processes
    ):
        found += 1
        if found <= SHOWN:
            _tell(str(problem))
    if found > SHOWN:
        _tell(f"... and {found - SHOWN} more")
    _tell(f"{options.folder}: {f'{found} problems' if found else 'no problem'}")
    return 1 if found else 0


def _merge(options: argparse.Namespace) -> int:
    from subject_zoo.merge import merge  # loads the numeric libraries

    parts = merge(options.folders, options.output, options.trust)
    for folder, part in zip(options.folders, parts, strict=True):
        facts, first = part.facts, part.first_example_id
        _tell(f"{folder}: {facts['num_examples']:,} records of seed {facts['seed']}, with {first} added to example_id")
    count = sum(part.facts["num_examples"] for part in parts)
    _tell(f"{options.output}: {count:,} records; to check it, type: subject-zoo verify {options.output}")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from subject_zoo.doctor.examine import as_json, examine, is_ready, lines

    findings = list(examine(options.directory, options.configfile, options.records))
    for line in [json.dumps(as_json(findings))] if options.json else lines(findings):
        _tell(line)
    return 0 if is_ready(findings) else 1


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text)


def _output(text: str) -> Path:
    """A file to be written after minutes of work: what forbids it is said before."""
    path = Path(text).absolute()
    existing = next(folder for folder in path.parents if folder.exists())
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder; name a file")
    if not existing.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written: {str(existing)!r} is not a folder")
    if not os.access(existing, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written: {str(existing)!r} is read-only")
    return path


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


def _tell(line: str) -> None:
    """Whatever a folder's texts hold, a terminal shows it, in its own encoding, and obeys none of it."""
    encoding = sys.stdout.encoding or "utf-8"
    print(printable(line).encode(encoding, "backslashreplace").decode(encoding), flush=True)
