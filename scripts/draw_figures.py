"""Draw how true the dataset's records are."""

from pathlib import Path

from adapter import rule_log

from subject_zoo.base.files import atomic_write, read_json
from subject_zoo.dataset.pictures import DRAWINGS

with rule_log(snakemake) as log:
    validity = read_json(snakemake.input[0])
    for path in map(Path, snakemake.output):
        atomic_write(path, DRAWINGS[path.stem](validity))
    log.info("%d pictures", len(snakemake.output))
