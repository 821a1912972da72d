"""Put other records' networks into the prompts of a window's records, for format.shuffle."""

from adapter import rule_log

from subject_zoo.base.files import read_json, write_json
from subject_zoo.config.seeds import shared_seed
from subject_zoo.dataset.dealing import deal_networks
from subject_zoo.records.files import StoredRecords, save_records
from subject_zoo.records.tokens import token_counter

with rule_log(snakemake) as log:
    config, paths, outputs = snakemake.params.settings["config"], snakemake.input, snakemake.output
    records, last = StoredRecords.of(*paths.records), read_json(paths.previous) if paths.previous else {}
    count_tokens = token_counter(config["format"]["tokenizer"])
    dealt = deal_networks(records, last, shared_seed(config), config["splits"], count_tokens)
    count = save_records(outputs.records, dealt)
    write_json(outputs.last, last)
    log.info("%d of %d records, the others being the first of their splits", count, len(records.lines))
