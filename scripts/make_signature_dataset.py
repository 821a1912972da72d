"""Choose the probes that every signature of the project is taken over, or take the person's own."""

import json
from pathlib import Path

from adapter import rule_log

from subject_zoo.files import atomic_write, load_npz
from subject_zoo.pinned_file import digest_of
from subject_zoo.pools import Pools, pattern_space
from subject_zoo.sampler import PatternDatasetSampler
from subject_zoo.signature_dataset import read_signature_dataset

with rule_log(snakemake) as log:
    config = snakemake.params.settings["config"]
    signature, patterns = config["signature"], config["patterns"]
    if signature["dataset_path"] is None:
        sampler = PatternDatasetSampler(config, Pools.from_arrays(load_npz(snakemake.input.pools)))
        dataset = sampler.signature_dataset(signature["probes_per_pattern"], signature["background_probes"])
        data = json.dumps(dataset, indent=1).encode()
    else:
        read_signature_dataset(signature["dataset_path"], pattern_space(patterns), patterns["enabled"])
        data = Path(signature["dataset_path"]).read_bytes()
    atomic_write(snakemake.output.digest, f"{digest_of(data)}\n".encode())
    atomic_write(snakemake.output.dataset, data)
    log.info("sha256 %s", digest_of(data))
