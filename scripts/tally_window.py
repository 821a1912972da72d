"""Count a window's accepted examples on top of those before it."""

import json

import orjson
from adapter import rule_log

from subject_zoo.files import atomic_write
from subject_zoo.tally import add_window
from subject_zoo.validity import RECORD, summarise_record

with rule_log(snakemake) as log:
    previous = None
    if snakemake.input.previous:
        with open(snakemake.input.previous, "rb") as file:
            previous = json.load(file)
    verdicts, recorded = [], {}
    for path in snakemake.input.validations:
        with open(path, "rb") as file:
            verdicts += orjson.loads(file.read())["examples"]
    for path in snakemake.input.records:
        with open(path, "rb") as file:
            for record in map(orjson.loads, file):
                recorded[record["example_id"]] = summarise_record(record)
    tally = add_window(previous, verdicts, list(recorded))
    verdicts = [verdict | {RECORD: recorded.get(verdict["example_id"])} for verdict in verdicts]
    atomic_write(snakemake.output.verdicts, orjson.dumps({"examples": verdicts}))
    atomic_write(snakemake.output.tally, json.dumps(tally).encode())
    log.info("%d accepted in all", tally["accepted_in_all"])
