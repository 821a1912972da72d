# Configuration, ids and parameters that the other rule files share. No rules.

import json
import os
import re
import sys
from importlib.metadata import version
from pathlib import Path

SCRIPTS = Path(workflow.basedir) / "scripts"
sys.path.insert(0, str(SCRIPTS))

from subject_zoo.config import check_config
from subject_zoo.errors import UserError
from subject_zoo.example_ranges import ExampleRange
from subject_zoo.numerics import environment_variables
from subject_zoo.science_code import science_code_digest
from subject_zoo.settings import science_digest, select
from subject_zoo.pinned_file import check_unchanged
from subject_zoo.source_digest import source_digest
from subject_zoo.shard_tables import table_names
from subject_zoo.splits import SPLITS
from subject_zoo.windows import Windows


def stop(error):
    """End with one line for a person, before any job starts."""
    raise SystemExit(str(error))


try:
    config = check_config(config)
    # Targets, before Snakemake has anything to say of them.
    for argument in sys.argv[1:]:
        if match := re.match(r"results/examples/(.*)/[^/]+$", argument):
            ExampleRange.parse(match[1])
    check_unchanged(Path("results/signature_dataset.json"), config["signature"]["dataset_path"])
except UserError as error:
    stop(error)

# Jobs inherit these: numeric libraries read them when they are loaded.
os.environ.update(environment_variables(config["numerics"]))


CODE_DIGEST = science_code_digest(SCRIPTS)


def settings(rule, *keys, **more):
    """The one param of a rule: what its script reads, and what its result depends on besides its input.

    Snakemake compares params as a set of values by their repr: one dict with sorted keys, of builtins alone.
    """
    versions = {name: version(name) for name in ("numpy", "scipy", "torch")}
    code = source_digest(SCRIPTS / f"{rule}.py")
    return dict(
        sorted(
            {
                "code": code,
                "config": select(config, keys),
                "versions": versions,
                **more,
            }.items()
        )
    )


def provenance():
    """What every record says of where it comes from."""
    return {
        "code_sha256": CODE_DIGEST,
        "config_sha256": science_digest(config),
        "seed": config["seed"],
    }


WINDOWS = Windows(config["examples_per_job"], config["ranges_per_shard"], config["max_candidates"])
FIRST_PLAN = WINDOWS.enough_for(config["num_examples"], config["expected_acceptance"])
TABLE_PARTS = [f"{table}.{split}.parquet" for table in table_names(config["task_generation"]) for split in SPLITS]
FIGURES = ["acceptance", "accuracy", "positive_rates"]
# What stands in the dataset's folder as it stands in results/.
COPIED = ["signature_dataset.json", "benchmark_dataset.json", "validity.json"]
COPIED += [f"figures/{figure}.png" for figure in FIGURES]
SHARD_PARTS = [*TABLE_PARTS, "weights.safetensors", "signatures.npz"]


def intermediate(path):
    """A range's file; with `cleanup: true` removed once all that is made of it is there, its shard above all."""
    return temp(path) if config["cleanup"] else path


def of_window(name):
    """The files of that name of all ranges of a window."""
    return lambda wildcards: [
        f"results/examples/{examples}/{name}" for examples in WINDOWS.ranges(int(wildcards.window))
    ]


def read_json(path):
    with open(path, "rb") as file:
        return json.load(file)


def previous_tally(wildcards):
    window = int(wildcards.window)
    return f"results/tallies/{window - 1:06d}.json" if window else []


def planned_windows(round):
    """How many windows there are after so many rounds of planning."""
    if round == 0:
        return FIRST_PLAN
    return read_json(checkpoints.plan_windows.get(round=round).output[0])["windows"]


def last_planned_tally(wildcards):
    return f"results/tallies/{planned_windows(int(wildcards.round) - 1) - 1:06d}.json"


def needed_windows():
    """The windows that the dataset is made of; unknown, for Snakemake, until the last plan is enough."""
    round = 1
    while not read_json(checkpoints.plan_windows.get(round=round).output[0])["enough"]:
        round += 1
    return range(planned_windows(round))


def shard_files(windows, parts=SHARD_PARTS):
    return [f"results/shards/{window:06d}.{part}" for window in windows for part in parts]


wildcard_constraints:
    examples=r"[0-9-]+",
    window=r"[0-9]+",
    round=r"[0-9]+",
