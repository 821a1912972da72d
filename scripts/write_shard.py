"""Write one window's accepted examples as a shard: all of them, so that no shard depends on how many are wanted."""

from pathlib import Path

from adapter import rule_log

from subject_zoo.base.files import read_json
from subject_zoo.config.seeds import shared_seed
from subject_zoo.config.tasks import published_stages, signed_stages
from subject_zoo.dataset.shards import (
    members_of_splits,
    named_models,
    write_signatures,
    write_table,
    write_weights,
)
from subject_zoo.networks.files import load_range
from subject_zoo.records.files import StoredRecords
from subject_zoo.signatures.files import load_feature_names, load_signatures, signature_arrays

with rule_log(snakemake) as log:
    config, paths, outputs = snakemake.params.settings["config"], snakemake.input, snakemake.output
    asked, chosen = config["task_generation"], read_json(paths.tally)["accepted"]
    records = StoredRecords.of(*paths.records)
    members = members_of_splits(records, shared_seed(config), config["splits"])
    for path in outputs.tables:
        table, split = Path(path).name.split(".")[1:3]
        write_table(path, table, records.select(members[split]), asked, config["validation"]["ablation"])
    models = {stage: load_range(*getattr(paths, stage), kept=chosen) for stage in published_stages(asked)}
    write_weights(outputs.weights, named_models(chosen, models))
    signatures = load_signatures(*paths.signatures)
    names = load_feature_names(paths.signatures[0])
    arrays = signature_arrays(names, signed_stages(asked), {i: signatures[i] for i in chosen})
    write_signatures(outputs.signatures, arrays)
    log.info("%d examples: %s", len(chosen), {split: len(of_split) for split, of_split in members.items()})
