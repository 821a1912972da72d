"""Snakemake's own cost: the real rules with every script replaced by one that writes empty files."""

import shutil
from pathlib import Path
from typing import Any

from bench.runs import ROOT, Usage, run_snakemake

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
    from subject_zoo.base.checksums import keep_checksums
    keep_checksums(snakemake.output)
"""
RECORDS, MILLION = 100_000, 1_000_000


def measure_scheduler(folder: Path) -> dict[str, Any]:
    """A run, a dry run and a run of nothing, of so many records; and a dry run of a million."""
    stubbed = folder / "stubbed"
    stubbed.mkdir(parents=True)
    for part in ("Snakefile", "config.yaml"):
        shutil.copy(ROOT / part, stubbed / part)
    for part in ("rules", "scripts", "profiles", "envs"):
        shutil.copytree(ROOT / part, stubbed / part)
    for script in (stubbed / "scripts").glob("*.py"):
        if script.stem not in ("adapter", "make_pools", "make_signature_dataset"):  # checked when a run starts
            script.write_text(STUB)

    def run(records: int, *arguments: str) -> Usage:
        sizes = (f"num_examples={records}", "expected_acceptance=1")
        return run_snakemake(folder, *arguments, "--config", *sizes, cores=2, root=stubbed)

    dry, million, done, again = run(RECORDS, "--dry-run"), run(MILLION, "--dry-run"), run(RECORDS), run(RECORDS)
    return {
        "scheduler_ms_per_example": 1000 * done.wall / RECORDS,
        "scheduler_dry_run_ms_per_example": 1000 * dry.wall / RECORDS,
        "scheduler_dry_run_of_a_million_seconds": million.wall,
        "scheduler_no_op_seconds": again.wall,
        "scheduler_main_process_mib": done.mib,
    }
