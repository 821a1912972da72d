"""Draw how true the dataset's records are."""

from pathlib import Path

import orjson
from adapter import rule_log

from subject_zoo.figures import DRAWINGS
from subject_zoo.files import atomic_write

with rule_log(snakemake) as log:
    with open(snakemake.input[0], "rb") as file:
        validity = orjson.loads(file.read())
    for path in map(Path, snakemake.output):
        atomic_write(path, DRAWINGS[path.stem](validity))
    log.info("%d pictures", len(snakemake.output))
