"""Draw the sequences that all examples of the project share."""

from adapter import rule_log

from subject_zoo.base.arrays import save_npz
from subject_zoo.project import Project

with rule_log(snakemake) as log:
    pools = Project(snakemake.params.settings["config"]).pools
    save_npz(snakemake.output[0], pools.to_arrays())
    for name, members in zip(pools.names, pools.members, strict=True):
        log.info("%s: %d sequences in the pool", name, len(members))
