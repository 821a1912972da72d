"""Choose the probes that every signature of the project is taken over."""

import json

from adapter import rule_log

from subject_zoo.files import atomic_write, load_npz
from subject_zoo.pools import Pools
from subject_zoo.sampler import PatternDatasetSampler

with rule_log(snakemake) as log:
    config = snakemake.params.settings["config"]
    sampler = PatternDatasetSampler(config, Pools.from_arrays(load_npz(snakemake.input.pools)))
    signature = config["signature"]
    dataset = sampler.signature_dataset(signature["probes_per_pattern"], signature["background_probes"])
    atomic_write(snakemake.output[0], json.dumps(dataset, indent=1).encode())
    log.info("%d probes", len(dataset["examples"]))
