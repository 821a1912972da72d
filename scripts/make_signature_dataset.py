"""Choose the probes that every signature of the project is taken over, or take the person's own."""

from adapter import rule_log

from subject_zoo.base.files import atomic_write, digest_of
from subject_zoo.project import Project

with rule_log(snakemake) as log:
    project = Project(snakemake.params.settings["config"], pools_file=snakemake.input.pools)
    digest = digest_of(project.signature_dataset)
    log.info("%d probes, sha256 %s", len(project.probes.tokens), digest)  # read, so that a mistake is found before
    atomic_write(snakemake.output.digest, f"{digest}\n".encode())
    atomic_write(snakemake.output.dataset, project.signature_dataset)
