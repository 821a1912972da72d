"""How fast the pipeline is, as ratios to what the same machine does in the same run.

    make bench                              everything, 20-25 minutes on two cores
    make bench ARGS=--quick                 without the run of 10,000 records, half as long
    make bench ARGS="--only training"       training, end_to_end, scheduler, valid_records, scaling or overhead

prints a table and, as its last line, one JSON object with the same figures. Times are CPU seconds where one process
is measured and wall seconds where several are; floors are measured beside what they are compared with.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "benchmarks")]

from subject_zoo.provenance.machine import ONE_THREAD  # noqa: E402

os.environ.update(ONE_THREAD)  # before numpy and torch are loaded

from floor import floor_seconds  # noqa: E402
from sweep import configuration, timed_steps  # noqa: E402

from subject_zoo.dataset.shard_plan import Windows  # noqa: E402
from subject_zoo.provenance.machine import use_device  # noqa: E402

SEED = ROOT / "presets" / "seed.yaml"
ALL_METHODS = "[mean,std,max,min,sparsity,pca,svd,entropy,clustering,fourier,pattern_wise]"
PARTS = ("training", "end_to_end", "scheduler", "valid_records", "scaling", "overhead")
BLOCK = 120  # candidates whose stages are timed together


def training_steps(config: dict) -> int:
    """Optimiser steps of both stages together."""
    dataset, training = config["dataset"], config["training"]
    rows = dataset["num_sequences"] - round(dataset["num_sequences"] * dataset["validation_fraction"])
    epochs = training["degraded_epochs"] + training["improvement_epochs"]
    return -(-rows // training["batch_size"]) * epochs


def floor_ms(config: dict, examples: dict) -> float:
    """Milliseconds a candidate of its matrix products, on one core."""
    architectures = [plan.architecture for plan, _ in examples.values()]
    widest = max(config["model"]["neurons_per_layer"])
    steps = training_steps(config)
    return 1000 * floor_seconds(architectures, steps, config["training"]["batch_size"], widest) / len(architectures)


def measure_training(name: str, overlays: list[str], count: int, repeats: int) -> dict:
    """CPU milliseconds a candidate by stage, on one core, and training over the floor measured around it."""
    config = configuration(overlays, [f"signature.methods={ALL_METHODS}", "training.early_stopping_patience=null"])
    runs, floors = [], []
    for repeat in range(repeats):
        made, stages = timed_steps(config, first=1000 * repeat, count=count, sign_rejected=True)
        runs.append({stage: 1000 * seconds / count for stage, seconds in stages.items()})
        floors.append(floor_ms(config, made["sample_dataset"]))
    best = {stage: min(run[stage] for run in runs) for stage in runs[0]}
    floor = min(floors)
    trained = best["train_degraded"] + best["train_improved"]
    rest = sum(value for stage, value in best.items() if not stage.startswith("train"))
    return {
        f"training_over_floor_{name}": trained / floor,
        f"floor_ms_{name}": floor,
        f"stage_ms_{name}": best,
        f"other_stages_over_training_{name}": rest / trained,
    }


def run_snakemake(folder: Path, *arguments: str, cores: int, root: Path = ROOT) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and the largest process's peak MiB of a run that must succeed."""
    command = [sys.executable, ROOT / "benchmarks" / "usage_of.py", sys.executable, "-m", "snakemake"]
    command += ["--snakefile", root / "Snakefile", "--directory", folder, "--cores", cores, *arguments]
    command += ["--quiet", "host", "progress", "reason", "rules"]  # errors are shown
    done = subprocess.run(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    *said, usage = done.stdout.splitlines()
    if done.returncode:
        sys.exit(f"benchmark run failed: {' '.join(map(str, command))}\n" + "\n".join(said[-20:]))
    return tuple(json.loads(usage)[key] for key in ("wall", "cpu", "mib"))


def range_targets(count: int, size: int) -> list[str]:
    return [f"results/examples/{first:06d}-{first + size - 1:06d}/record.jsonl" for first in range(0, count, size)]


def measure_end_to_end(folder: Path, count: int = 1000) -> dict:
    """The seed's budget through Snakemake: candidates a second on two cores, and over the matrix products' time."""
    methods = f"signature={{methods: {ALL_METHODS}}}"
    config = configuration([str(SEED)], [])
    made, _ = timed_steps(config, first=0, count=250, last="sample_dataset")
    examples = made["sample_dataset"]
    floor_before = floor_ms(config, examples)
    targets = range_targets(count, 500)
    wall, cpu, memory = run_snakemake(folder, *targets, "--config", methods, "--configfile", str(SEED), cores=2)
    floor = (floor_before + floor_ms(config, examples)) / 2
    sizes: dict[str, float] = {}
    for path in (folder / "results" / "examples").rglob("*"):
        if path.is_file():
            sizes[path.name] = sizes.get(path.name, 0) + path.stat().st_size / count
    return {
        "end_to_end_candidates_per_second": count / wall,
        "end_to_end_over_floor": wall / (floor / 1000 * count / 2),
        "end_to_end_cpu_ms_per_candidate": 1000 * cpu / count,
        "largest_process_mib": memory,
        "file_bytes_per_example_seed": sizes,
    }


STUB = """
import json
from pathlib import Path
for path in snakemake.output:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("{}")
if snakemake.rule == "tally_window":
    done = (int(snakemake.wildcards.window) + 1) * 100_000
    tally = dict(accepted_before=0, accepted=[], candidates_in_all=done, accepted_in_all=done, rejected_in_all={})
    Path(snakemake.output.tally).write_text(json.dumps(tally))
if snakemake.rule == "plan_windows":
    planned = snakemake.params.settings["planned"]
    Path(snakemake.output[0]).write_text(json.dumps(dict(windows=planned, enough=True)))
"""


def measure_scheduler(folder: Path, count: int = 100_000) -> dict:
    """Snakemake's own cost: the real rules with every script replaced by one that writes empty files."""
    stubbed = folder / "stubbed"
    for part in ("Snakefile", "config.yaml"):
        stubbed.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, stubbed / part)
    for part in ("rules", "scripts", "profiles", "envs"):
        shutil.copytree(ROOT / part, stubbed / part)
    for script in (stubbed / "scripts").glob("*.py"):
        if script.stem not in ("adapter", "make_pools", "make_signature_dataset"):  # checked when a run starts
            script.write_text(STUB)
    sizes = f"num_examples={count} expected_acceptance=1".split()
    run = lambda *arguments: run_snakemake(folder, *arguments, "--config", *sizes, cores=2, root=stubbed)  # noqa: E731
    dry, *_ = run("--dry-run")
    wall, _, memory = run()
    again, *_ = run()
    return {
        "scheduler_ms_per_example": 1000 * wall / count,
        "scheduler_dry_run_ms_per_example": 1000 * dry / count,
        "scheduler_no_op_seconds": again,
        "scheduler_main_process_mib": memory,
    }


def measure_valid_records(folder: Path, count: int = 200) -> dict:
    """Accepted records a second of the default configuration, all stages, two cores."""
    wall, cpu, memory = run_snakemake(folder, "--config", f"num_examples={count}", cores=2)
    manifest = json.loads((folder / "results" / "dataset" / "manifest.json").read_text())
    validity = json.loads((folder / "results" / "validity.json").read_text())
    sizes: dict[str, float] = {}
    for path in (folder / "results").rglob("*"):
        if path.is_file() and "examples" in path.parts:
            sizes[path.name] = sizes.get(path.name, 0) + path.stat().st_size
    made = sum(len(list(json.loads(p.read_text())["examples"])) for p in (folder / "results/verdicts").glob("*.json"))
    return {
        "valid_records_per_second": manifest["num_examples"] / wall,
        "acceptance": validity["funnel"]["acceptance"],
        "valid_records_cpu_seconds_each": cpu / manifest["num_examples"],
        "default_largest_process_mib": memory,
        "file_bytes_per_example": {name: size / made for name, size in sizes.items()},
    }


def measure_scaling(folder: Path) -> dict:
    """Two cores over one, and the time a candidate at 1,000 and at 10,000, at the seed's budget."""
    one, *_ = run_snakemake(folder / "one", *range_targets(2000, 500), "--configfile", str(SEED), cores=1)
    two, *_ = run_snakemake(folder / "two", *range_targets(2000, 500), "--configfile", str(SEED), cores=2)
    large, *_ = run_snakemake(folder / "large", *range_targets(10_000, 500), "--configfile", str(SEED), cores=2)
    return {
        "scaling": one / two,
        "ms_per_candidate_at_2000": 1000 * two / 2000,
        "ms_per_candidate_at_10000": 1000 * large / 10_000,
        "growth_2000_to_10000": (large / 10_000) / (two / 2000),
    }


def stages_seconds(config: dict, firsts: list[int]) -> float:
    """CPU seconds a candidate of all stages in this process, over blocks of candidates by their first ids."""
    spent = [sum(timed_steps(config, first, BLOCK)[1].values()) for first in firsts]
    return sum(spent) / (BLOCK * len(spent))


def measure_overhead(folder: Path, count: int) -> dict:
    """CPU of a whole run at the default, over that of the stages of as many candidates in one process.

    The stages of 1,200 candidates at most are timed, spread over those of the run, half of them before it and half
    after it, since what else the machine does makes both slower.
    """
    config = configuration([], [f"num_examples={count}"])
    windows = Windows.of(config)
    candidates = windows.first(windows.enough_for(count, config["expected_acceptance"]))
    blocks = [*range(0, candidates - BLOCK + 1, max(BLOCK, candidates // 10))]
    before = stages_seconds(config, blocks[::2])
    wall, cpu, _ = run_snakemake(folder, "--config", f"num_examples={count}", cores=2)
    stages = (before + stages_seconds(config, blocks[1::2])) / 2
    tallies = (json.loads(path.read_text()) for path in (folder / "results" / "tallies").glob("*.json"))
    made = max(tally["candidates_in_all"] for tally in tallies)
    return {
        f"overhead_{count}": cpu / (stages * made),
        f"accepted_records_per_second_{count}": count / wall,
        "cpu_seconds_per_1000_records": 1000 * cpu / count,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=PARTS, choices=PARTS)
    parser.add_argument("--quick", action="store_true", help="no run of 10,000 records")
    options = parser.parse_args()
    chosen = options.only
    use_device("cpu")
    figures: dict = {}
    with tempfile.TemporaryDirectory(prefix="subject-zoo-bench-") as temporary:
        folder = Path(temporary)
        if "training" in chosen:
            figures |= measure_training("seed", [str(SEED)], count=500, repeats=2)
            figures |= measure_training("default", [], count=64, repeats=2)
        if "end_to_end" in chosen:
            figures |= measure_end_to_end(folder / "end_to_end")
        if "scheduler" in chosen:
            figures |= measure_scheduler(folder / "scheduler")
        if "valid_records" in chosen:
            figures |= measure_valid_records(folder / "valid_records")
        if "scaling" in chosen:
            figures |= measure_scaling(folder / "scaling")
        if "overhead" in chosen:
            for count in (1000,) if options.quick else (10_000, 1000):  # the last one's figures stay where names agree
                figures |= measure_overhead(folder / f"overhead_{count}", count)
    figures = rounded(figures)
    for name, value in figures.items():
        for part, number in value.items() if isinstance(value, dict) else [("", value)]:
            print(f"{name:40} {part:24} {number:>12}")
    print(json.dumps(figures))


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return float(f"{value:.4g}")


if __name__ == "__main__":
    main()
