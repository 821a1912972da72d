"""Count how true the dataset's records are."""

from adapter import rule_log

from subject_zoo.base.files import read_json, write_json
from subject_zoo.dataset.validity import summarise
from subject_zoo.evaluation.files import load_verdicts

with rule_log(snakemake) as log:
    verdicts = load_verdicts(*snakemake.input.verdicts)
    recorded = [example_id for path in snakemake.input.tallies for example_id in read_json(path)["accepted"]]
    config = snakemake.params.settings["config"]
    members = recorded[: config["num_examples"]]
    validity = summarise(list(verdicts.values()), members, config)
    write_json(snakemake.output[0], validity)
    log.info("%s", validity["funnel"])
