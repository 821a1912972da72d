"""Decide whether the windows planned so far hold enough accepted examples."""

import json

from adapter import rule_log

from subject_zoo.files import atomic_write
from subject_zoo.windows import Windows, next_plan

with rule_log(snakemake) as log:
    settings = snakemake.params.settings
    with open(snakemake.input[0], "rb") as file:
        tally = json.load(file)
    config = settings["config"]
    windows = Windows(config["examples_per_job"], config["ranges_per_shard"], config["max_candidates"])
    plan = next_plan(windows, settings["planned"], config["num_examples"], tally)
    atomic_write(snakemake.output[0], json.dumps(plan).encode())
    log.info("%s", plan)
