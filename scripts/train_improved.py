"""Stage 2: train a range's degraded models on, with clean labels, if a modification is asked for."""

from adapter import rule_log

from subject_zoo import chain
from subject_zoo.examples.files import load_datasets
from subject_zoo.networks.files import load_range, save_range
from subject_zoo.project import Project

with rule_log(snakemake) as log:
    project, paths = Project(snakemake.params.settings["config"]), snakemake.input
    models = chain.train_improved(project, load_datasets(paths.dataset), load_range(paths.degraded))
    save_range(snakemake.output[0], models, project.environment)
    log.info("%d models on %s", len(models), project.device)
