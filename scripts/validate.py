"""Measure a range's models before and after, as far as tasks are asked for, and judge every example."""

from adapter import rule_log

from subject_zoo import chain
from subject_zoo.evaluation.files import save_verdicts
from subject_zoo.examples.files import load_datasets
from subject_zoo.networks.files import load_range
from subject_zoo.project import Project
from subject_zoo.provenance.machine import merged_environments

with rule_log(snakemake) as log:
    paths = snakemake.input
    project = Project(snakemake.params.settings["config"], pools_file=paths.pools)
    degraded, improved = load_range(paths.degraded), load_range(paths.improved)
    verdicts = chain.validate(project, load_datasets(paths.dataset), degraded, improved)
    trained_in = merged_environments(model.environment for model in (*degraded.values(), *improved.values()))
    save_verdicts(snakemake.output[0], verdicts, trained_in)
    log.info("%d of %d accepted", len(chain.accepted_ids(verdicts)), len(verdicts))
