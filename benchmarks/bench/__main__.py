"""How fast the pipeline is, as ratios to what the same machine does in the same run.

    make bench                              everything, half an hour on two cores
    make bench ARGS=--quick                 without the runs of 10,000 records and more, a third as long
    make bench ARGS="--only training"       or any of the parts named in PARTS

prints a table and, as its last line, one JSON object with the same figures. Times are CPU seconds where one process
is measured and wall seconds where several are; floors are measured beside what they are compared with.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from subject_zoo.provenance.machine import ONE_THREAD, use_device

os.environ.update(ONE_THREAD)  # before numpy and torch are loaded

from bench.hub import measure_publishing
from bench.runs import used_by
from bench.scheduler import measure_scheduler
from bench.stages import measure_training
from bench.starting import measure_starting
from bench.whole_runs import measure_end_to_end, measure_overhead, measure_scaling, measure_valid_records

LARGE = 10_000  # records


def measure_large(folder: Path) -> dict[str, Any]:
    """The overhead of a large run, and what verifying its dataset takes."""
    figures = measure_overhead(folder, LARGE)
    dataset = folder / "results" / "dataset"
    verified = used_by([sys.executable, "-m", "subject_zoo", "verify", dataset, "--retrain", 0])
    return figures | {f"verified_records_per_second_{LARGE}": LARGE / verified.wall}


PARTS = {
    "training": measure_training,
    "end_to_end": measure_end_to_end,
    "scheduler": measure_scheduler,
    "valid_records": measure_valid_records,
    "starting": measure_starting,
    "publishing": measure_publishing,
    "scaling": measure_scaling,
    "large": measure_large,
    "overhead": lambda folder: measure_overhead(folder, 1000),  # after large: of keys that both have its figure stays
}
LONG = ("scaling", "large")


def main() -> None:
    """Measure the chosen parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=PARTS, choices=PARTS)
    parser.add_argument("--quick", action="store_true", help="without scaling and large")
    options = parser.parse_args()
    use_device("cpu")
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="subject-zoo-bench-") as temporary:
        for part in options.only:
            if not (options.quick and part in LONG):
                measured = rounded(PARTS[part](Path(temporary) / part))
                for name, value in measured.items():  # at once: a later part may fail
                    for of, number in value.items() if isinstance(value, dict) else [("", value)]:
                        print(f"{name:40} {of:24} {number:>12}", flush=True)
                figures |= measured
    print(json.dumps(figures))


def rounded(value: Any) -> Any:
    """Numbers to four digits."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return float(f"{value:.4g}")


if __name__ == "__main__":
    main()
