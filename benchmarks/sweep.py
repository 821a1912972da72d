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


def stages_of(
    config: dict, first: int, count: int, only: tuple[str, ...] | None = None, accept_all: bool = False
) -> tuple[dict, dict[str, float]]:
    """The examples of a range, and CPU seconds by stage, each stage as its script calls the library.

    `only` names the stages to run, from the first on; `accept_all` signs and formats rejected examples too, so that
    their cost is measured. Examples come as {id: (plan, dataset)}.
    """
    made, seconds = make_range(config, first, count, only or STAGES, accept_all)
    return made["sample_dataset"], seconds


STAGES = (
    "sample_dataset",
    "train_degraded",
    "train_improved",
    "validate",
    "extract_signatures",
    "format_records",
)


def make_range(
    config: dict, first: int, count: int, stages: tuple[str, ...], accept_all: bool = False
) -> tuple[dict, dict[str, float]]:
    """What each stage makes of a range, and its CPU seconds."""
    import numpy as np

    from subject_zoo.devices import use_device
    from subject_zoo.formatter import TrainingDataFormatter, record_line
    from subject_zoo.measurement import classify, sign
    from subject_zoo.plans import draw_plan
    from subject_zoo.pools import pattern_space
    from subject_zoo.sampler import PatternDatasetSampler
    from subject_zoo.sequence_audit import SEQUENCES, audit_sequences
    from subject_zoo.signature_dataset import SignatureDataset, extractor_for
    from subject_zoo.stages import train_degraded, train_improved
    from subject_zoo.test_set import TestSet
    from subject_zoo.verdict import validate_example

    device = use_device(config["device"])
    patterns, signature, dataset = config["patterns"], config["signature"], config["dataset"]
    sampler = PatternDatasetSampler(config)
    test_set = TestSet(sampler.pools, dataset["near_miss_ratio"], dataset["min_holdout"])
    space, enabled = pattern_space(patterns), patterns["enabled"]
    made: dict = {}

    def sample() -> dict:
        plans = {i: draw_plan(config["seed"], i, config) for i in range(first, first + count)}
        return {i: (plan, sampler.sample(plan)) for i, plan in plans.items()}

    def models() -> tuple[dict, dict]:
        return made["train_degraded"], made["train_improved"]

    def validate() -> list[dict]:
        before, after = (classify(stage, test_set.tokens) for stage in models())
        return [
            validate_example(plan, test_set, before[i], after[i], config) | {SEQUENCES: audit_sequences(data, test_set)}
            for i, (plan, data) in made["sample_dataset"].items()
        ]

    def extractor():
        listed = sampler.signature_dataset(signature["probes_per_pattern"], signature["background_probes"])
        tokens = space.from_text([example["sequence"] for example in listed["examples"]])
        satisfied = np.stack([space.predicate(name, tokens) for name in enabled], axis=1)
        return tokens, extractor_for(SignatureDataset(tokens, satisfied), signature, enabled)

    def signatures() -> list[dict]:
        tokens, signing = extractor()
        chosen = {v["example_id"] for v in made["validate"] if v["accepted"] or accept_all}
        return [
            sign({i: m for i, m in stage.items() if i in chosen}, tokens, signing, signature["activations"])
            for stage in models()
        ]

    def records() -> list[bytes]:
        formatter = TrainingDataFormatter(config, space, extractor()[1], {})
        verdicts = {verdict["example_id"]: verdict for verdict in made["validate"]}
        lines = []
        for i, signed in made["extract_signatures"][0].items():
            plan, data = made["sample_dataset"][i]
            both = (made["train_degraded"][i], made["train_improved"][i])
            pair = (signed, made["extract_signatures"][1][i])
            lines.append(record_line(formatter.format(plan, verdicts[i], data.corruption_stats(), both, pair)))
        return lines

    work = {
        "sample_dataset": sample,
        "train_degraded": lambda: train_degraded(config, made["sample_dataset"], device),
        "train_improved": lambda: train_improved(config, made["sample_dataset"], made["train_degraded"], device),
        "validate": validate,
        "extract_signatures": signatures,
        "format_records": records,
    }
    seconds = {}
    for stage in stages:
        start = time.process_time()
        made[stage] = work[stage]()
        seconds[stage] = time.process_time() - start
    return made, seconds


def run(config: dict, first: int, count: int) -> tuple[list[dict], dict[str, float]]:
    """The verdicts of `count` candidates, with what they were drawn with, and CPU seconds by stage."""
    made, seconds = make_range(config, first, count, STAGES[:4])
    verdicts = []
    for verdict in made["validate"]:
        i = verdict["example_id"]
        plan, _ = made["sample_dataset"][i]
        epochs = [len(made[stage][i].training["validation_loss"]) for stage in ("train_degraded", "train_improved")]
        drawn = {"architecture": plan.architecture.to_dict(), "learning_rate": plan.learning_rate, "epochs": epochs}
        verdicts.append(verdict | drawn)
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
