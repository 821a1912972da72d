"""Stage 1: train a range's models on corrupted labels, on clean ones if no modification is asked for."""

from adapter import rule_log

from subject_zoo import chain
from subject_zoo.examples.files import load_datasets
from subject_zoo.networks.files import save_range
from subject_zoo.project import Project

with rule_log(snakemake) as log:
    project = Project(snakemake.params.settings["config"])
    models = chain.train_degraded(project, load_datasets(snakemake.input.dataset))
    save_range(snakemake.output[0], models, project.environment)
    log.info("%d models on %s", len(models), project.device)
