"""Which code decides what an example contains, as one digest."""

from pathlib import Path

from subject_zoo.source_digest import combined_digest

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
    """sha256, hex, of the sources of all scripts on an example's chain; `scripts` is the folder that holds them."""
    return combined_digest(scripts / f"{name}.py" for name in CHAIN_SCRIPTS)
