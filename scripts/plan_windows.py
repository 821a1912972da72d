"""Decide whether the windows planned so far hold enough accepted examples."""

from adapter import rule_log

from subject_zoo.base.files import read_json, write_json
from subject_zoo.dataset.shard_plan import Windows, next_plan

with rule_log(snakemake) as log:
    settings = snakemake.params.settings
    config = settings["config"]
    tally = read_json(snakemake.input[0])
    plan = next_plan(Windows.of(config), settings["planned"], config["num_examples"], tally, config["min_acceptance"])
    write_json(snakemake.output[0], plan)
    log.info("%s", plan)
