"""Count how true the dataset's records are."""

import json

import orjson
from adapter import rule_log

from subject_zoo.files import atomic_write
from subject_zoo.validity import summarise

with rule_log(snakemake) as log:
    verdicts = []
    for path in snakemake.input.verdicts:
        with open(path, "rb") as file:
            verdicts += orjson.loads(file.read())["examples"]
    recorded = []
    for path in snakemake.input.tallies:
        with open(path, "rb") as file:
            recorded += orjson.loads(file.read())["accepted"]
    validity = summarise(verdicts, recorded[: snakemake.params.settings["config"]["num_examples"]])
    atomic_write(snakemake.output[0], json.dumps(validity, indent=1).encode())
    log.info("%s", validity["funnel"])
