"""Tries to break the pipeline in all ways that are known, and counts what it survives.

make torture                                                    all tries of all faults
make torture ARGS="--few"                                       a few of them, as the tests do
make torture ARGS="--only kill-group --number 17 --seed 3"      one try again
"""

import argparse
import os
import signal
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from subject_zoo.provenance.machine import ONE_THREAD

os.environ.update(ONE_THREAD)  # read when NumPy is loaded

from tests.torture.campaign import Campaign, Outcome, as_json, remove
from tests.torture.faults import FAULTS
from tests.torture.trial import FailedError, Fault


def main() -> int:
    """The exit status: 1 where a try was not survived."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    options = _options()
    chosen = [fault for fault in FAULTS if not options.only or fault.name in options.only]
    planned = [(fault, number) for fault in chosen for number in _numbers(fault, options)]
    folder = Path(options.folder or tempfile.mkdtemp(prefix="subject-zoo-torture-")).resolve()
    campaign, outcomes = Campaign(folder, options.seed, options.jobs), []
    for outcome in campaign.run(planned):
        outcomes.append(outcome)
        if outcome.ended == "failed" or options.verbose:
            _tell(outcome, campaign, options.seed)
    _table(chosen, outcomes)
    if options.json is not None:
        options.json.write_text(as_json(outcomes))
    failed = any(outcome.ended == "failed" for outcome in outcomes)
    if options.folder is None:
        remove(folder / "bases" if failed else folder)
    return int(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.torture", description=(__doc__ or "").partition("\n")[0])
    names = [fault.name for fault in FAULTS]
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=f"some of {', '.join(names)}")
    count = parser.add_mutually_exclusive_group()
    count.add_argument("--tries", type=int, metavar="N", help="tries of each fault")
    count.add_argument("--few", action="store_true", help="as few tries as the tests make")
    count.add_argument("--number", type=int, metavar="N", help="this try alone")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="decides all that is drawn (0)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="tries at a time (2)")
    parser.add_argument("--folder", type=Path, help="where it is done, and left; else in a temporary folder")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the outcome of every try there")
    parser.add_argument("--verbose", action="store_true", help="tell of every try, not of those alone that failed")
    return parser.parse_args()


def _numbers(fault: Fault, options: argparse.Namespace) -> range:
    if options.number is not None:
        return range(options.number, options.number + 1)
    return range(options.tries or (fault.few if options.few else fault.full))


def _tell(outcome: Outcome, campaign: Campaign, seed: int) -> None:
    print(f"\n{outcome.fault} {outcome.number}: {outcome.ended}, {outcome.seconds} s, {outcome.mebibytes} MiB")
    print("  " + outcome.words.strip().replace("\n", "\n  "))
    if outcome.ended == "failed":
        folder = campaign.folder_of(outcome.fault, outcome.number)
        print(f"  kept: {folder}")
        print(f'  again: make torture ARGS="--only {outcome.fault} --number {outcome.number} --seed {seed}"')
    sys.stdout.flush()


def _table(faults: list[Fault], outcomes: list[Outcome]) -> None:
    by_fault: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_fault[outcome.fault].append(outcome)
    print(f"\n{os.cpu_count()} cores\n| fault | tries | survived | skipped | seconds |\n|---|---|---|---|---|")
    for fault in faults:
        made = by_fault[fault.name]
        survived, skipped = (sum(outcome.ended == how for outcome in made) for how in ("survived", "skipped"))
        seconds = sum(outcome.seconds for outcome in made)
        print(f"| {fault.name} | {len(made)} | {survived} | {skipped} | {seconds:.0f} |")
    for reason in dict.fromkeys(outcome.words for outcome in outcomes if outcome.ended == "skipped"):
        print(f"skipped: {reason}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FailedError as error:  # of an undisturbed run: there is nothing to compare with
        sys.exit(str(error))
