"""How well a repair can be learned: from how many records, in how many steps, of which targets.

    python benchmarks/learned_repair.py --records 1000 3000 10000 --steps 30000 --seeds 3 --json learned.json
    python benchmarks/learned_repair.py --configfile presets/easy.yaml --records 10000
    python benchmarks/learned_repair.py --adam 10 30 100 300 --seeds 0

makes the records (25 a second), the `--tested` first ones of the configuration and then those that are learned from,
trains a net for each number of them and each seed, two at a time, and has its repairs judged like any answers; beside
them what so many steps of Adam on true labels make of the tested networks. A line for each: the shares that pass and
that are targeted with 95 % intervals, by target and by number of selected patterns, the share of the records learned
from, and CPU seconds; last a line of JSON.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "benchmarks")]

from subject_zoo.provenance.machine import ONE_THREAD  # noqa: E402

os.environ.update(ONE_THREAD)  # before numpy and torch are loaded

import numpy as np  # noqa: E402
from sweep import configuration  # noqa: E402

from subject_zoo.judge.bench import Bench  # noqa: E402
from subject_zoo.judge.cases import Case  # noqa: E402
from subject_zoo.judge.intervals import mean_interval  # noqa: E402
from subject_zoo.judge.material import accepted_examples  # noqa: E402
from subject_zoo.judge.modification import score_repair  # noqa: E402
from subject_zoo.networks.model import Weights  # noqa: E402
from subject_zoo.project import Project  # noqa: E402

KNOWN = 200  # records learned from that are judged too

Made = tuple[Bench, list[Case], list[Case]]  # the bench, and the cases that are tested and that are learned from
MADE: list[Made] = []  # where forked processes find it


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", nargs="+", type=int, default=[3000], help="to learn from")
    parser.add_argument("--steps", nargs="+", type=int, default=[15_000], help="of training, of 32 records each")
    parser.add_argument("--tested", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--adam", nargs="*", type=int, default=[], help="steps on true labels, for comparison")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--configfile", action="append", default=[], help="overlays, like Snakemake's")
    parser.add_argument("--config", nargs="*", default=[], help="dotted.key=YAML value")
    parser.add_argument("--json", type=Path, help="write the rows there")
    return parser.parse_args()


def measure(made: Made, records: int, steps: int, seed: int) -> dict[str, Any]:
    """The row of one net."""
    from subject_zoo.judge.nets import repairing

    bench, tested, known = made
    project, model = bench.project, bench.project.config["model"]
    size = model["num_layers"][1], model["neurons_per_layer"][1]
    began = time.process_time()
    lessons = repairing.Lessons.of(known[:records], project, *size)
    net = repairing.learn(lessons, len(project.config["patterns"]["enabled"]), seed, steps)
    spent = time.process_time() - began
    figures, of_known = (
        judged(cases, repairing.mended(net, cases, project, *size), bench) for cases in (tested, known[:KNOWN])
    )
    known_share = of_known["targeted"][0]
    return {"records": records, "steps": steps, "seed": seed, **figures, "known": known_share, "cpu_seconds": spent}


def measure_adam(made: Made, steps: int) -> dict[str, Any]:
    """The row of steps of Adam on true labels."""
    from fine_tuned import fine_tuned

    bench, tested, _ = made
    began = time.process_time()
    answers = list(fine_tuned(tested, bench.project, steps))
    spent = time.process_time() - began
    return {"adam": steps, **judged(tested, answers, bench), "cpu_seconds": spent}


def judged(cases: list[Case], answers: Iterable[Weights], bench: Bench) -> dict[str, Any]:
    """What repairs are worth."""
    scores = [score_repair(case, weights, bench) for case, weights in zip(cases, answers, strict=True)]
    targeted = np.array([score["targeted"] for score in scores])
    return {
        "passed": mean_interval(np.array([score["passed"] for score in scores], np.float64)),
        "targeted": mean_interval(targeted.astype(np.float64)),
        "fresh": float(np.mean([score["passed_fresh"] for score in scores])),
        "distance": float(np.median([score["distance_ratio"] for score in scores])),
        "by_target": shares([case.target for case in cases], targeted),
        "by_patterns": shares([len(case.selected_patterns) for case in cases], targeted),
        "failed": {
            gate: sum(gate in score["reasons"] for score in scores)
            for gate in sorted({g for s in scores for g in s["reasons"]})
        },
    }


def shares(keys: list[Any], holds: np.ndarray) -> dict[str, float]:
    return {str(key): float(holds[[k == key for k in keys]].mean()) for key in sorted(set(keys))}


def _measure(job: tuple[int, ...]) -> dict[str, Any]:
    return measure_adam(MADE[0], *job) if len(job) == 1 else measure(MADE[0], *job)


def main() -> None:
    options = arguments()
    config = configuration(options.configfile, options.config)
    project = Project(config)
    needed = options.tested + (max(options.records) if options.seeds else 0)
    began = time.monotonic()
    cases = [one.case for one in islice(accepted_examples(config, None), needed)]
    print(f"{needed} records made in {time.monotonic() - began:.0f} s", flush=True)
    bench = Bench(project, fresh_seed=1)
    _ = bench.own, bench.fresh, bench.benchmark
    MADE.append((bench, cases[: options.tested], cases[options.tested :]))
    jobs: list[tuple[int, ...]] = [(steps,) for steps in options.adam]
    jobs += [(r, s, seed) for r in options.records for s in options.steps for seed in range(options.seeds)]
    rows = []
    with ProcessPoolExecutor(options.processes, get_context("fork")) as pool:
        for row in pool.map(_measure, jobs):
            print(json.dumps(row), flush=True)
            rows.append(row)
            if options.json:
                options.json.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
