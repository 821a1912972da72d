"""Choose the probes that every signature of the project is taken over, or take the person's own."""

from adapter import rule_log

from subject_zoo.base.files import atomic_write
from subject_zoo.project import Project
from subject_zoo.provenance.pins import pin
from subject_zoo.signatures.choice import computed_methods
from subject_zoo.signatures.probes import check_coverage, check_drawn

with rule_log(snakemake) as log:
    config = snakemake.params.settings["config"]
    project = Project(config, pools_file=snakemake.input.pools)
    # A mistake is found here, before networks are trained that could not be signed.
    check_coverage(project.probes.satisfied, config["patterns"]["enabled"], computed_methods(config))
    if config["signature"]["dataset_path"] is None:
        check_drawn(project.probes.satisfied, config["patterns"]["enabled"], config["dataset"]["probe_fraction"])
    line = pin(project.signature_dataset, config["signature"]["dataset_path"])
    log.info("%d probes, sha256 %s", len(project.probes.tokens), line.decode().strip())
    atomic_write(snakemake.output.digest, line)
    atomic_write(snakemake.output.dataset, project.signature_dataset)
