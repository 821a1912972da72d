"""The stages of the chain in this process, and their floor, the time of training's matrix products alone."""

from pathlib import Path
from typing import Any

from bench.floor import floor_seconds
from bench.runs import ALL_METHODS, SEED
from sweep import configuration, timed_steps

BLOCK = 120  # candidates whose stages are timed together
REPEATS = 2  # of which the faster one counts


def training_steps(config: dict[str, Any]) -> int:
    """Optimizer steps of both stages together."""
    dataset, training = config["dataset"], config["training"]
    rows = dataset["num_sequences"] - round(dataset["num_sequences"] * dataset["validation_fraction"])
    epochs = training["degraded_epochs"] + training["improvement_epochs"]
    return -(-rows // training["batch_size"]) * epochs


def floor_ms(config: dict[str, Any], examples: dict[int, Any]) -> float:
    """Milliseconds a candidate of its matrix products, on one core."""
    architectures = [plan.architecture for plan, _ in examples.values()]
    widest = max(config["model"]["neurons_per_layer"])
    steps = training_steps(config)
    return 1000 * floor_seconds(architectures, steps, config["training"]["batch_size"], widest) / len(architectures)


def measure_training(_: Path) -> dict[str, Any]:
    """CPU milliseconds a candidate by stage, on one core, and training over the floor measured around it."""
    return _of_budget("seed", [str(SEED)], count=500) | _of_budget("default", [], count=64)


def _of_budget(name: str, overlays: list[str], count: int) -> dict[str, Any]:
    config = configuration(overlays, [f"signature.methods={ALL_METHODS}", "training.early_stopping_patience=null"])
    runs, floors = [], []
    for repeat in range(REPEATS):
        made, stages = timed_steps(config, first=1000 * repeat, count=count, sign_rejected=True)
        runs.append({stage: 1000 * seconds / count for stage, seconds in stages.items()})
        floors.append(floor_ms(config, made["sample_dataset"]))
    best = {stage: min(run[stage] for run in runs) for stage in runs[0]}
    floor, accepted = min(floors), sum(verdict["accepted"] for verdict in made["validate"].values()) / count
    trained = best["train_degraded"] + best["train_improved"]
    of_all, of_accepted = best["sample_dataset"] + best["validate"], best["extract_signatures"] + best["format_records"]
    return {
        f"training_over_floor_{name}": trained / floor,
        f"floor_ms_{name}": floor,
        f"stage_ms_{name}": best,
        f"other_stages_over_training_{name}": (of_all + of_accepted) / trained,  # as if all were accepted
        f"other_stages_in_a_run_over_training_{name}": (of_all + accepted * of_accepted) / trained,
    }


def stages_seconds(config: dict[str, Any], firsts: list[int]) -> float:
    """CPU seconds a candidate of all stages in this process, over blocks of candidates by their first ids."""
    spent = [sum(timed_steps(config, first, BLOCK)[1].values()) for first in firsts]
    return sum(spent) / (BLOCK * len(spent))
