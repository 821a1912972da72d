"""Which of a configuration's seeds a draw comes from."""

from collections.abc import Mapping
from typing import Any


def shared_seed(config: Mapping[str, Any]) -> int:
    """The root of what all examples share: pools, slices, probes, benchmark, and what splits go by."""
    seed: int = config["seed"] if config["shared_seed"] is None else config["shared_seed"]
    return seed
