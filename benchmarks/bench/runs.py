"""Runs of the pipeline as a whole, and what they used."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SEED = ROOT / "presets" / "seed.yaml"
ALL_METHODS = "[mean,std,max,min,sparsity,pca,svd,entropy,clustering,fourier,pattern_wise]"


class Usage(NamedTuple):
    """Wall seconds, CPU seconds, and the largest process's peak, MiB, of a command and all that it starts."""

    wall: float
    cpu: float
    mib: float


def used_by(command: list[object], environment: Mapping[str, str] | None = None) -> Usage:
    """What a command used, which must succeed."""
    measured = [sys.executable, Path(__file__).with_name("usage_of.py"), *command]
    done = subprocess.run(
        [str(part) for part in measured],
        env=os.environ | dict(environment or {}) | {"PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    *said, usage = done.stdout.splitlines()
    if done.returncode:
        sys.exit(f"benchmark run failed: {' '.join(map(str, command))}\n" + "\n".join(said[-20:]))
    return Usage(**json.loads(usage))


def run_snakemake(
    folder: Path, *arguments: object, cores: int, root: Path = ROOT, environment: Mapping[str, str] | None = None
) -> Usage:
    """What a run in a folder used, which must succeed."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", root / "Snakefile", "--directory", folder]
    command += ["--cores", cores, *arguments]
    command += ["--quiet", "host", "progress", "reason", "rules"]  # errors are shown
    return used_by(command, environment)


def range_targets(count: int, size: int) -> list[str]:
    """The last files of ranges of so many ids."""
    return [f"results/examples/{first:06d}-{first + size - 1:06d}/record.jsonl" for first in range(0, count, size)]


def bytes_by_name(folder: Path, count: int) -> dict[str, float]:
    """Bytes of the ranges' files, by their names, over a count."""
    sizes: dict[str, float] = {}
    for path in (folder / "results" / "examples").rglob("*"):
        if path.is_file():
            sizes[path.name] = sizes.get(path.name, 0) + path.stat().st_size / count
    return sizes


def candidates_in(folder: Path) -> int:
    """How many candidates a run made, for its windows."""
    tallies = (json.loads(path.read_text()) for path in (folder / "results" / "tallies").glob("*.json"))
    return max(tally["candidates_in_all"] for tally in tallies)
