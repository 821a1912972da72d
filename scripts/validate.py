"""Measure a range's models before and after, and judge every example."""

import orjson
from adapter import rule_log

from subject_zoo.devices import use_device
from subject_zoo.files import atomic_write, load_npz
from subject_zoo.measurement import classify
from subject_zoo.pools import Pools
from subject_zoo.range_files import read_plans
from subject_zoo.stacked_mlp import padded_width
from subject_zoo.test_set import TestSet
from subject_zoo.verdict import reject_untrained, validate_example
from subject_zoo.weights import load_range

with rule_log(snakemake) as log:
    config = snakemake.params.settings["config"]
    use_device("cpu")
    pools = Pools.from_arrays(load_npz(snakemake.input.pools))
    dataset = config["dataset"]
    test_set = TestSet(pools, dataset["near_miss_ratio"], dataset["min_holdout"])
    width = padded_width(max(config["model"]["neurons_per_layer"]))
    degraded, improved = (
        classify(load_range(path), test_set.tokens, width)
        for path in (snakemake.input.degraded, snakemake.input.improved)
    )
    examples = [
        validate_example(plan, test_set, degraded[example_id], improved[example_id], config)
        if example_id in improved
        else reject_untrained(plan)
        for example_id, plan in read_plans(load_npz(snakemake.input.dataset)).items()
    ]
    atomic_write(snakemake.output[0], orjson.dumps({"examples": examples}, option=orjson.OPT_INDENT_2))
    log.info("%d of %d accepted", sum(e["accepted"] for e in examples), len(examples))
