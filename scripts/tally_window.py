"""Count a window's accepted examples on top of those before it."""

from adapter import rule_log

from subject_zoo.base.files import read_json, write_json
from subject_zoo.dataset.acceptance import check_acceptance
from subject_zoo.dataset.record_summary import summarise_records
from subject_zoo.dataset.tally import add_window
from subject_zoo.evaluation.files import load_environments, load_verdicts, save_verdicts
from subject_zoo.records.files import StoredRecords

with rule_log(snakemake) as log:
    paths, outputs = snakemake.input, snakemake.output
    verdicts, records = load_verdicts(*paths.validations), StoredRecords.of(*paths.records)
    previous = read_json(paths.previous) if paths.previous else None
    recorded = [record["example_id"] for record in records]
    first_of_split = len(StoredRecords.of(*paths.undealt).lines) - len(recorded) if paths.undealt else 0
    environments = load_environments(*paths.validations)
    tally = add_window(previous, list(verdicts.values()), recorded, environments, first_of_split)
    save_verdicts(outputs.verdicts, summarise_records(verdicts, records), tally["environment"])
    write_json(outputs.tally, tally)
    # Not by a param: it decides whether a run goes on, and no tally, so another value makes none again.
    check_acceptance(tally, snakemake.config["min_acceptance"])
    log.info("%d accepted in all", tally["accepted_in_all"])
