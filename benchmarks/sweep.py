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

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from subject_zoo.numerics import environment_variables  # noqa: E402


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
    import yaml
    from snakemake.utils import update_config

    from subject_zoo.config import check_config

    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for overlay in overlays:
        update_config(config, yaml.safe_load(Path(overlay).read_text()))
    for setting in settings:
        key, _, value = setting.partition("=")
        *sections, last = key.split(".")
        target = config
        for section in sections:
            target = target[section]
        target[last] = yaml.safe_load(value)
    return check_config(config)


def run(config: dict, first: int, count: int) -> tuple[list[dict], dict[str, float]]:
    """The verdicts of `count` candidates and CPU seconds by stage."""
    from subject_zoo.devices import use_device
    from subject_zoo.measurement import classify
    from subject_zoo.plans import draw_plan
    from subject_zoo.sampler import PatternDatasetSampler
    from subject_zoo.stacked_mlp import padded_width
    from subject_zoo.stages import train_degraded, train_improved
    from subject_zoo.test_set import TestSet
    from subject_zoo.verdict import validate_example

    device = use_device(config["device"])
    sampler = PatternDatasetSampler(config)
    dataset = config["dataset"]
    test_set = TestSet(sampler.pools, dataset["near_miss_ratio"], dataset["min_holdout"])
    width = padded_width(max(config["model"]["neurons_per_layer"]))
    seconds: dict[str, float] = {}

    def timed(stage: str, work, *args):
        start = time.process_time()
        result = work(*args)
        seconds[stage] = seconds.get(stage, 0) + time.process_time() - start
        return result

    def sample() -> dict:
        plans = {i: draw_plan(config["seed"], i, config) for i in range(first, first + count)}
        return {i: (plan, sampler.sample(plan)) for i, plan in plans.items()}

    examples = timed("sample", sample)
    degraded = timed("degraded", train_degraded, config, examples, device)
    improved = timed("improved", train_improved, config, examples, degraded, device)
    before, after = (timed("validate", classify, m, test_set.tokens, width) for m in (degraded, improved))
    verdicts = []
    for i, (plan, _) in examples.items():
        verdict = validate_example(plan, test_set, before[i], after[i], config)
        verdict["architecture"] = plan.architecture.to_dict()
        verdict["learning_rate"] = plan.learning_rate
        verdict["epochs"] = [len(stage[i].training["validation_loss"]) for stage in (degraded, improved)]
        verdicts.append(verdict)
    return verdicts, seconds


def summary(verdicts: list[dict], seconds: dict[str, float]) -> dict:
    """The figures of one setting."""
    import numpy as np

    accepted = [v for v in verdicts if v["accepted"]]
    final = np.array([a for v in verdicts for a in v["improved"]["accuracy"].values()])
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
        "accuracy_mean": round(float(final.mean()), 4),
        "accuracy_p10": round(float(np.quantile(final, 0.1)), 4),
        "accepted_median": round(float(np.median(of_accepted)), 4) if accepted else None,
        "accepted_min": round(min(of_accepted), 4) if accepted else None,
        "median_improvement": round(float(np.median([v["improvement"] for v in verdicts])), 3),
        "epochs": np.mean([v["epochs"] for v in verdicts], axis=0).round(1).tolist(),
        "cpu_ms": {stage: round(1000 * s / len(verdicts), 1) for stage, s in seconds.items()},
        "cpu_ms_total": round(1000 * sum(seconds.values()) / len(verdicts), 1),
    }


def main() -> None:
    options = arguments()
    config = configuration(options.configfile, options.config)
    os.environ.update(environment_variables(config["numerics"]))
    verdicts, seconds = run(config, options.first, options.examples)
    if options.verdicts:
        Path(options.verdicts).write_text(json.dumps(verdicts))
    print(
        json.dumps({"label": options.label or " ".join(options.config), **summary(verdicts, seconds)}),
        flush=True,
    )


if __name__ == "__main__":
    main()
