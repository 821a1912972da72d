"""Choose labelled test sequences for the evaluation of models that interpreters write."""

from adapter import rule_log

from subject_zoo.base.files import write_json
from subject_zoo.project import Project

with rule_log(snakemake) as log:
    project = Project(snakemake.params.settings["config"], pools_file=snakemake.input.pools)
    write_json(snakemake.output[0], project.benchmark_dataset)
    log.info("%d sequences", len(project.benchmark_dataset["examples"]))
