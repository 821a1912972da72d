"""Plan the examples of a range and draw their datasets."""

from adapter import rule_log

from subject_zoo.example_ranges import ExampleRange
from subject_zoo.files import load_npz, save_npz
from subject_zoo.plans import draw_plan
from subject_zoo.pools import Pools
from subject_zoo.range_files import dataset_arrays
from subject_zoo.sampler import PatternDatasetSampler

with rule_log(snakemake) as log:
    config = snakemake.params.settings["config"]
    sampler = PatternDatasetSampler(config, Pools.from_arrays(load_npz(snakemake.input.pools)))
    examples = {}
    for example_id in ExampleRange.parse(snakemake.wildcards.examples).ids:
        plan = draw_plan(config["seed"], example_id, config)
        examples[example_id] = (plan, sampler.sample(plan))
    save_npz(snakemake.output[0], dataset_arrays(examples))
    log.info("%d datasets", len(examples))
