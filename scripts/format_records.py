"""Write the records of a range's accepted examples."""

from adapter import rule_log

from subject_zoo import chain
from subject_zoo.evaluation.files import load_verdicts
from subject_zoo.examples.files import load_datasets
from subject_zoo.networks.files import load_range
from subject_zoo.project import Project
from subject_zoo.records.files import save_records
from subject_zoo.signatures.files import load_signatures

with rule_log(snakemake) as log:
    settings, paths = snakemake.params.settings, snakemake.input
    project = Project(settings["config"], probes_file=paths.signature_dataset, provenance=settings["provenance"])
    signatures = load_signatures(paths.signatures)
    records = chain.format_records(
        project,
        load_datasets(paths.dataset),
        load_range(paths.degraded, kept=signatures),
        load_range(paths.improved, kept=signatures),
        load_verdicts(paths.validation),
        signatures,
    )
    count = save_records(snakemake.output[0], records)
    too_long = len(signatures) - count
    log.info("%d records, %d left out as longer than format.max_prompt_chars", count, too_long)
