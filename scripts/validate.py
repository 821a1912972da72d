"""Measure a range's models before and after, and judge every example."""

import orjson
from adapter import rule_log

from subject_zoo.files import atomic_write, load_npz
from subject_zoo.measurement import classify
from subject_zoo.pools import Pools
from subject_zoo.range_files import read_datasets
from subject_zoo.sequence_audit import SEQUENCES, audit_sequences
from subject_zoo.test_set import TestSet
from subject_zoo.verdict import reject_untrained, validate_example
from subject_zoo.weights import load_range

with rule_log(snakemake) as log:
    config = snakemake.params.settings["config"]
    pools = Pools.from_arrays(load_npz(snakemake.input.pools))
    test_set = TestSet(pools, config["dataset"]["near_miss_ratio"], config["dataset"]["min_holdout"])
    degraded, improved = (
        classify(load_range(path), test_set.tokens) for path in (snakemake.input.degraded, snakemake.input.improved)
    )
    examples = [
        validate_example(plan, test_set, degraded[example_id], improved[example_id], config)
        | {SEQUENCES: audit_sequences(dataset, test_set)}
        if example_id in improved
        else reject_untrained(plan)
        for example_id, (plan, dataset) in read_datasets(load_npz(snakemake.input.dataset)).items()
    ]
    atomic_write(snakemake.output[0], orjson.dumps({"examples": examples}, option=orjson.OPT_INDENT_2))
    log.info("%d of %d accepted", sum(e["accepted"] for e in examples), len(examples))
