"""Write the records of a range's accepted examples."""

import hashlib

import orjson
from adapter import rule_log

from subject_zoo.files import atomic_write, load_npz
from subject_zoo.formatter import TrainingDataFormatter, record_line
from subject_zoo.pools import pattern_space
from subject_zoo.range_files import read_datasets, read_signatures
from subject_zoo.signature_dataset import extractor_for, read_signature_dataset
from subject_zoo.tokenizer import token_counter
from subject_zoo.weights import load_range

with rule_log(snakemake) as log:
    settings = snakemake.params.settings
    config, paths = settings["config"], snakemake.input
    patterns = config["patterns"]
    space = pattern_space(patterns)
    probes = read_signature_dataset(paths.signature_dataset, space, patterns["enabled"])
    with open(paths.signature_dataset, "rb") as file:
        probes_digest = hashlib.sha256(file.read()).hexdigest()
    formatter = TrainingDataFormatter(
        config,
        space,
        extractor_for(probes, config["signature"], patterns["enabled"]),
        {**settings["provenance"], "signature_dataset": probes_digest},
        token_counter(config["format"]["tokenizer"]),
    )
    datasets, signatures = read_datasets(load_npz(paths.dataset)), read_signatures(load_npz(paths.signatures))
    degraded, improved = load_range(paths.degraded), load_range(paths.improved)
    with open(paths.validation, "rb") as file:
        verdicts = {verdict["example_id"]: verdict for verdict in orjson.loads(file.read())["examples"]}
    lines, too_long = [], 0
    for example_id, signed in signatures.items():
        plan, dataset = datasets[example_id]
        record = formatter.format(
            plan,
            verdicts[example_id],
            dataset.corruption_stats(),
            (degraded[example_id], improved[example_id]),
            signed,
        )
        if formatter.fits(record):
            lines.append(record_line(record))
        else:
            too_long += 1
    atomic_write(snakemake.output[0], b"".join(lines))
    log.info("%d records, %d left out as longer than format.max_prompt_chars", len(lines), too_long)
