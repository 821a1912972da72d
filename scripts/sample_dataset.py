"""Plan the examples of a range and draw their datasets."""

from adapter import rule_log

from subject_zoo import chain
from subject_zoo.base.arrays import save_npz
from subject_zoo.base.ids import ExampleRange
from subject_zoo.examples.files import dataset_arrays
from subject_zoo.project import Project

with rule_log(snakemake) as log:
    project = Project(snakemake.params.settings["config"], pools_file=snakemake.input.pools)
    examples = chain.sample_dataset(project, ExampleRange.parse(snakemake.wildcards.examples).ids)
    save_npz(snakemake.output[0], dataset_arrays(examples))
    log.info("%d datasets", len(examples))
