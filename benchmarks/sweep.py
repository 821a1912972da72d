"""Acceptance, accuracy and cost of configurations, without Snakemake: the experiments behind the defaults.

    python benchmarks/sweep.py --examples 64 --config training.learning_rate=[0.01,0.02] training.batch_size=64

prints one line of JSON: the acceptance under all gates, the funnel, accuracies, and CPU milliseconds a candidate.
`--first` chooses the ids, so that settings can be compared on equal plans, or on fresh ones.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from subject_zoo.provenance.machine import ONE_THREAD  # noqa: E402


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=64, help="candidates to make")
    parser.add_argument("--first", type=int, default=0, help="the first candidate's id")
    parser.add_argument("--configfile", action="append", default=[], help="overlays, like Snakemake's")
    parser.add_argument("--config", nargs="*", default=[], help="dotted.key=YAML value")
    parser.add_argument("--label", default="", help="a name for the line")
    parser.add_argument("--verdicts", help="write all verdicts to this JSON file")
    return parser.parse_args()


def configuration(overlays: list[str], settings: list[str]) -> dict:
    """config.yaml, checked, with overlays on top and dotted settings on top of those."""
    from subject_zoo.config.check import check_config
    from subject_zoo.config.load import load_config, read_yaml

    dotted = []
    for setting in settings:
        key, _, text = setting.partition("=")
        value = yaml.safe_load(text)
        for name in reversed(key.split(".")):
            value = {name: value}
        dotted.append(value)
    return check_config(load_config(ROOT / "config.yaml", *map(read_yaml, overlays), *dotted))


def timed_steps(
    config: dict, first: int, count: int, last: str = "format_records", sign_rejected: bool = False
) -> tuple[dict, dict[str, float]]:
    """What each step of the chain makes of a range, up to the step `last`, and its CPU seconds, by the step's name.

    Pools, probes and the exam, which all examples share, are made before and not counted.
    """
    from subject_zoo.chain import steps
    from subject_zoo.project import Project

    project = Project(config)
    _ = project.exam, project.formatter, config["validation"]["exact"] and project.whole_space
    made, seconds, start = {}, {}, time.process_time()
    for step, value in steps(project, range(first, first + count), sign_rejected):
        now = time.process_time()
        made[step], seconds[step], start = value, now - start, now
        if step == last:
            break
    return made, seconds


def run(config: dict, first: int, count: int) -> tuple[list[dict], dict[str, float]]:
    """The verdicts of `count` candidates, with what they were drawn with, and CPU seconds by step."""
    made, seconds = timed_steps(config, first, count, last="validate")
    verdicts = []
    for example_id, verdict in made["validate"].items():
        plan, _ = made["sample_dataset"][example_id]
        drawn = {"architecture": plan.architecture.to_dict(), "learning_rate": plan.learning_rate}
        trained = [made[step].get(example_id) for step in ("train_degraded", "train_improved")]
        if all(trained):
            drawn["epochs"] = [len(model.training["validation_loss"]) for model in trained]
        verdicts.append(verdict | drawn)
    return verdicts, seconds


def summary(verdicts: list[dict], seconds: dict[str, float]) -> dict:
    """The figures of one setting."""
    import numpy as np

    accepted, trained = [v for v in verdicts if v["accepted"]], [v for v in verdicts if "improved" in v]
    final = np.array([a for v in trained for a in v["improved"]["accuracy"].values()])
    of_accepted = [a for v in accepted for a in v["improved"]["accuracy"].values()]
    by_activation = {
        name: round(
            float(np.mean([v["accepted"] for v in verdicts if v["architecture"]["activation_type"] == name])),
            2,
        )
        for name in sorted({v["architecture"]["activation_type"] for v in verdicts})
    }
    return {
        "candidates": len(verdicts),
        "acceptance": round(len(accepted) / len(verdicts), 3),
        "fails": dict(Counter(reason for v in verdicts for reason in v["reasons"])),
        "acceptance_by_activation": by_activation,
        "accuracy_mean": round(float(final.mean()), 4) if trained else None,
        "accuracy_p10": round(float(np.quantile(final, 0.1)), 4) if trained else None,
        "accepted_median": round(float(np.median(of_accepted)), 4) if accepted else None,
        "accepted_min": round(min(of_accepted), 4) if accepted else None,
        "median_improvement": round(float(np.median([v["improvement"] for v in trained])), 3) if trained else None,
        "epochs": np.mean([v["epochs"] for v in trained], axis=0).round(1).tolist() if trained else None,
        "cpu_ms": {stage: round(1000 * s / len(verdicts), 1) for stage, s in seconds.items()},
        "cpu_ms_total": round(1000 * sum(seconds.values()) / len(verdicts), 1),
    }


def main() -> None:
    options = arguments()
    config = configuration(options.configfile, options.config)
    os.environ.update(ONE_THREAD)
    verdicts, seconds = run(config, options.first, options.examples)
    if options.verdicts:
        Path(options.verdicts).write_text(json.dumps(verdicts))
    print(
        json.dumps({"label": options.label or " ".join(options.config), **summary(verdicts, seconds)}),
        flush=True,
    )


if __name__ == "__main__":
    main()
