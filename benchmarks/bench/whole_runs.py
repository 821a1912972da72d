"""Whole runs on two cores: how many candidates and records a second, and what they cost beside their arithmetic."""

import json
from pathlib import Path
from typing import Any

from bench.runs import ALL_METHODS, SEED, bytes_by_name, candidates_in, range_targets, run_snakemake
from bench.stages import BLOCK, floor_ms, stages_seconds
from sweep import configuration, timed_steps

from subject_zoo.dataset.shard_plan import Windows

CANDIDATES, RECORDS = 1000, 200  # at the seed's budget, and of the default configuration
FEW, MANY = 2000, 20_000  # candidates at the seed's budget, whose times each are compared


def measure_end_to_end(folder: Path) -> dict[str, Any]:
    """The seed's budget through Snakemake: candidates a second on two cores, and over the matrix products' time."""
    methods = f"signature={{methods: {ALL_METHODS}}}"
    config = configuration([str(SEED)], [])
    made, _ = timed_steps(config, first=0, count=250, last="sample_dataset")
    examples = made["sample_dataset"]
    floor_before = floor_ms(config, examples)
    targets = range_targets(CANDIDATES, 500)
    wall, cpu, memory = run_snakemake(folder, *targets, "--config", methods, "--configfile", SEED, cores=2)
    floor = (floor_before + floor_ms(config, examples)) / 2
    return {
        "end_to_end_candidates_per_second": CANDIDATES / wall,
        "end_to_end_over_floor": wall / (floor / 1000 * CANDIDATES / 2),
        "end_to_end_cpu_ms_per_candidate": 1000 * cpu / CANDIDATES,
        "largest_process_mib": memory,
        "file_bytes_per_example_seed": bytes_by_name(folder, CANDIDATES),
    }


def measure_valid_records(folder: Path) -> dict[str, Any]:
    """Accepted records a second of a small run of the default configuration."""
    wall, cpu, memory = run_snakemake(folder, "--config", f"num_examples={RECORDS}", cores=2)
    validity = json.loads((folder / "results" / "validity.json").read_text())
    return {
        "valid_records_per_second": RECORDS / wall,
        "acceptance": validity["funnel"]["acceptance"],
        "valid_records_cpu_seconds_each": cpu / RECORDS,
        "default_largest_process_mib": memory,
        "file_bytes_per_example": bytes_by_name(folder, candidates_in(folder)),
    }


def measure_scaling(folder: Path) -> dict[str, Any]:
    """Two cores over one, and the time a candidate of few and of many, at the seed's budget."""

    def wall(name: str, count: int, cores: int) -> float:
        targets = range_targets(count, 500)
        return run_snakemake(folder / name, *targets, "--configfile", SEED, cores=cores).wall

    one, two, many = wall("one", FEW, 1), wall("two", FEW, 2), wall("many", MANY, 2)
    again = wall("again", FEW, 2)  # what else the machine does changes from minute to minute
    return {
        "scaling": one / two,
        f"ms_per_candidate_at_{FEW}": 1000 * (two + again) / 2 / FEW,
        f"ms_per_candidate_at_{MANY}": 1000 * many / MANY,
        f"growth_{FEW}_to_{MANY}": (many / MANY) / ((two + again) / 2 / FEW),
    }


def measure_overhead(folder: Path, count: int) -> dict[str, Any]:
    """CPU of a whole run at the default, over that of the stages of as many candidates in one process.

    The stages of 1,200 candidates at most are timed, spread over those of the run, half of them before it and half
    after it, since what else the machine does makes both slower.
    """
    config = configuration([], [f"num_examples={count}"])
    windows = Windows.of(config)
    candidates = windows.first(windows.enough_for(count, config["expected_acceptance"]))
    blocks = [*range(0, candidates - BLOCK + 1, max(BLOCK, candidates // 10))]
    before = stages_seconds(config, blocks[::2])
    run = run_snakemake(folder, "--config", f"num_examples={count}", cores=2)
    stages = (before + stages_seconds(config, blocks[1::2])) / 2
    return {
        f"overhead_{count}": run.cpu / (stages * candidates_in(folder)),
        f"accepted_records_per_second_{count}": count / run.wall,
        f"stages_ms_per_candidate_{count}": 1000 * stages,
        "cpu_seconds_per_1000_records": 1000 * run.cpu / count,
    }
