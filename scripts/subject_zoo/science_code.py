"""Which code decides what an example contains, as one digest."""

import hashlib
from pathlib import Path

from subject_zoo.source_digest import source_digest

CHAIN_SCRIPTS = (
    "make_pools",
    "sample_dataset",
    "train_degraded",
    "train_improved",
    "validate",
    "extract_signatures",
    "format_records",
)


def science_code_digest(scripts: Path) -> str:
    """sha256, hex, of the source digests of the scripts on an example's chain, in the folder of the scripts."""
    digests = [source_digest(scripts / f"{name}.py") for name in CHAIN_SCRIPTS]
    return hashlib.sha256("".join(digests).encode()).hexdigest()
