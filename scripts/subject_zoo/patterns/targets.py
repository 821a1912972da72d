"""Which patterns can be the one that an example degrades and mends."""

from collections.abc import Mapping
from typing import Any

from subject_zoo.patterns.counting import count
from subject_zoo.patterns.space import pattern_space


def possible_targets(patterns: Mapping[str, Any]) -> list[str]:
    """The enabled patterns that have enough sequences for a fault in some of them to be a definite one."""
    space, fewest = pattern_space(patterns), patterns["min_target_sequences"]
    return [name for name in patterns["enabled"] if count(space, name) >= fewest]
