"""Choose labelled test sequences for the evaluation of models that interpreters write."""

import json

from adapter import rule_log

from subject_zoo.files import atomic_write, load_npz
from subject_zoo.pools import Pools
from subject_zoo.sampler import PatternDatasetSampler

with rule_log(snakemake) as log:
    config = snakemake.params.settings["config"]
    sampler = PatternDatasetSampler(config, Pools.from_arrays(load_npz(snakemake.input.pools)))
    benchmark = config["benchmark"]
    dataset = sampler.benchmark_dataset(
        benchmark["samples_per_pattern"], benchmark["patterns"] or config["patterns"]["enabled"]
    )
    atomic_write(snakemake.output[0], json.dumps(dataset, indent=1).encode())
    log.info("%d sequences", len(dataset["examples"]))
