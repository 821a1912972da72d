"""Write one window's accepted examples as a shard: all of them, so that no shard depends on how many are wanted."""

from pathlib import Path

import orjson
from adapter import rule_log

from subject_zoo.example_ranges import format_id
from subject_zoo.files import load_npz
from subject_zoo.range_files import read_signatures, signature_arrays
from subject_zoo.shards import write_signatures, write_table, write_weights
from subject_zoo.splits import SPLITS, split_of
from subject_zoo.weights import load_range

with rule_log(snakemake) as log:
    settings = snakemake.params.settings
    config, paths, outputs = settings["config"], snakemake.input, snakemake.output
    with open(paths.tally, "rb") as file:
        tally = orjson.loads(file.read())
    chosen = tally["accepted"]
    records = []
    for path in paths.records:
        with open(path, "rb") as file:
            records += [orjson.loads(line) for line in file]
    members = {split: [] for split in SPLITS}
    for record in records:
        patterns = orjson.loads(record["metadata"])["selected_patterns"]
        members[split_of(config["seed"], record["example_id"], patterns, **config["splits"])].append(record)
    for path in outputs.tables:
        table, split = Path(path).name.split(".")[1:3]
        write_table(path, table, members[split])
    models, signatures = {}, ({}, {})
    for degraded, improved in zip(paths.degraded, paths.improved, strict=True):
        stages = {"degraded": load_range(degraded), "improved": load_range(improved)}
        for example_id in stages["degraded"]:
            for stage, of_stage in stages.items():
                models[f"{format_id(example_id)}/{stage}"] = of_stage[example_id]
    names = ()
    for path in paths.signatures:
        arrays = load_npz(path)
        names = arrays["feature_names"]
        for example_id, signed in read_signatures(arrays).items():
            for stage, features in zip(signatures, signed, strict=True):
                stage[example_id] = features
    write_weights(
        outputs.weights,
        {
            f"{format_id(i)}/{stage}": models[f"{format_id(i)}/{stage}"]
            for i in chosen
            for stage in ("degraded", "improved")
        },
    )
    write_signatures(outputs.signatures, signature_arrays(tuple(names.tolist()), chosen, *signatures))
    log.info("%d examples: %s", len(chosen), {split: len(of_split) for split, of_split in members.items()})
