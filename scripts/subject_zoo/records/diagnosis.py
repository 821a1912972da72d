"""A diagnosis: the pattern that a network does poorly on, and the region of its fault; or that there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from subject_zoo.base.terms import NO_PATTERN
from subject_zoo.examples.region import Region


@dataclass(frozen=True)
class Diagnosis:
    """`pattern` and `region` are None of a network that does poorly on nothing."""

    pattern: str | None
    region: Region | None

    @classmethod
    def of_columns(cls, columns: Mapping[str, Any], vocab_size: int) -> Self:
        """The inverse of `columns`. Raises ValueError for what no record has."""
        if (pattern := columns["poor_pattern"]) == NO_PATTERN:
            return cls(None, None)
        positions = [position - 1 for position in columns["region_positions"]]
        if len(positions) not in (1, 2) or min(positions) < 0 or positions != sorted(set(positions)):
            raise ValueError(f"a region at the positions {columns['region_positions']}")
        return cls(pattern, Region.of_combinations(positions, columns["region_letters"], vocab_size))

    @property
    def in_words(self) -> str:
        """As the completion says it."""
        return NO_PATTERN if self.region is None else f"{self.pattern}, where {self.region.in_words}"


def diagnosis_columns(measured: Mapping[str, Any]) -> dict[str, Any]:
    """What a judge needs of a diagnosis, from what a verdict holds of it: `poor_pattern`; `region_positions`, which
    count from 1, and `region_letters` there, as words of one or two: empty both where there is none."""
    fault = measured["fault"] if measured["poor_pattern"] != NO_PATTERN else {"positions": [], "letters": []}
    return {
        "poor_pattern": measured["poor_pattern"],
        "region_positions": fault["positions"],
        "region_letters": fault["letters"],
    }


def diagnosis_text(measured: Mapping[str, Any]) -> str:
    """The completion, from what a verdict holds of the diagnosis."""
    if (pattern := measured["poor_pattern"]) == NO_PATTERN:
        return NO_PATTERN
    return f"{pattern}, where {measured['fault']['in_words']}"
