"""Sign the models of every accepted example of a range that a prompt shows."""

from adapter import rule_log

from subject_zoo import chain
from subject_zoo.base.arrays import save_npz
from subject_zoo.config.tasks import signed_stages
from subject_zoo.evaluation.files import load_verdicts
from subject_zoo.networks.files import load_range
from subject_zoo.project import Project
from subject_zoo.signatures.files import signature_arrays

with rule_log(snakemake) as log:
    paths = snakemake.input
    project = Project(snakemake.params.settings["config"], probes_file=paths.signature_dataset)
    accepted = chain.accepted_ids(load_verdicts(paths.validation))
    degraded, improved = (load_range(path, kept=accepted) for path in (paths.degraded, paths.improved))
    signatures = chain.extract_signatures(project, accepted, degraded, improved)
    stages = signed_stages(project.config["task_generation"])
    save_npz(snakemake.output[0], signature_arrays(project.extractor.feature_names, stages, signatures))
    log.info("%d examples signed over %d probes", len(signatures), len(project.probes.tokens))
