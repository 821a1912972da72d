"""What a person asks Snakemake for: a file in results/ under the one name that it has."""

import os
import re
from pathlib import Path

from subject_zoo.base.errors import UserError
from subject_zoo.base.ids import ExampleRange, format_id
from subject_zoo.base.lines import one_line
from subject_zoo.dataset.shard_plan import Windows

MOST_EXAMPLES = 100_000  # in a range: a job holds all of them in memory
_DEEPEST = 200  # windows that stand on each other below one target: Snakemake follows them by recursion, and 500 end it

_EXAMPLES = re.compile(r"results/examples/(.*)/[^/]+")
_WINDOW = re.compile(r"results/(tallies|verdicts|shards|published)/([0-9]+)(\..+)")
_PLAN = re.compile(r"results/plans/(.*)\.json")


def check_target(argument: str, folder: Path, windows: Windows) -> None:
    """Raise UserError, with the name that would be right, for an argument that names a file of results/ otherwise than
    the rules do.

    `folder` is where results/ is. Arguments that name anything else are left to Snakemake.
    """
    if not argument:
        raise UserError("targets: '' names nothing; leave it out, or name a file of results/")
    path = os.path.normpath(argument)
    if os.path.isabs(path):
        path = os.path.relpath(path, folder)
        if path.startswith("results/"):
            raise UserError(f"targets: {one_line(argument)} is a whole path; write {one_line(path)}")
    if match := _EXAMPLES.fullmatch(path):
        count = len(ExampleRange.parse(match[1]).ids)
        if count > MOST_EXAMPLES:
            raise UserError(f"examples: {match[1]} are {count:,} examples; a range has at most {MOST_EXAMPLES:,}")
    elif match := _WINDOW.fullmatch(path):
        _check_window(match[1], match[2], match[3], windows)
    elif (match := _PLAN.fullmatch(path)) and match[1] != "1":
        raise UserError(
            f"targets: {one_line(path)} is not to be asked for: the first plan is results/plans/1.json, and from it is "
            "seen whether there is another; ask for results/dataset/manifest.json"
        )


def _check_window(kind: str, number: str, rest: str, windows: Windows) -> None:
    name = f"results/{kind}/{number[:20]}{rest[:40]}"
    if len(number) > 9 or int(number) >= windows.most:
        last = format_id(windows.most - 1)
        raise UserError(f"targets: there is no {name}: the last window below max_candidates is {last}")
    if number != format_id(int(number)):
        right = f"results/{kind}/{format_id(int(number))}{rest}"
        raise UserError(f"targets: {name} is not padded with zeros to six digits; write {one_line(right)}")
    if int(number) > _DEEPEST:
        raise UserError(
            f"targets: {name} stands on all windows before it, and Snakemake follows {_DEEPEST} from one target; "
            f"ask for the dataset, with num_examples above {windows.first(int(number)):,}"
        )
