"""The fixed sequences that signatures are taken over: reading them, whoever made the file."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import parse_json
from subject_zoo.patterns.sequences import from_text, satisfied_patterns
from subject_zoo.patterns.space import PatternSpace
from subject_zoo.signatures.features import NO_PATTERN


@dataclass(frozen=True)
class Probes:
    """`tokens` uint8 [m, T] in the file's order; `satisfied` bool [m, P] by the enabled patterns."""

    tokens: np.ndarray
    satisfied: np.ndarray


def parse_probes(data: bytes, source: str, space: PatternSpace, enabled: Sequence[str]) -> Probes:
    """The probes of a signature dataset: a JSON object with `examples`, each with a `sequence`.

    Which patterns a probe satisfies is computed, not read. Raises UserError, naming the `source`, for anything else,
    and for a sequence of another length or vocabulary.
    """
    try:
        tokens = from_text(space, [example["sequence"] for example in parse_json(data)["examples"]])
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{source}: not a signature dataset; it must be JSON of the form "
            '{"examples": [{"sequence": "ABCABCA"}]}'
        ) from None
    except UserError as error:
        raise UserError(f"{source}: {error}") from None
    if len(tokens) < 2:
        raise UserError(
            f"{source}: {len(tokens)} sequences; a signature needs at least 2: where they are drawn, raise "
            "dataset.probe_fraction"
        )
    return Probes(tokens, satisfied_patterns(space, enabled, tokens))


def check_coverage(satisfied: np.ndarray, pattern_names: Sequence[str], methods: Collection[str]) -> None:
    """Raise UserError where a method needs probes of a pattern, or of none, that are not there.

    `satisfied` bool [m, P] says which of the named patterns each probe satisfies.
    """
    if "pattern_wise" not in methods:
        return
    covered = [*(bool(column.any()) for column in satisfied.T), not satisfied.any(axis=1).all()]
    for name, is_covered in zip((*pattern_names, NO_PATTERN), covered, strict=True):
        if not is_covered:
            what = "no enabled pattern" if name == NO_PATTERN else "this pattern"
            raise UserError(
                f"signature dataset: pattern_wise.{name} has no probe that satisfies {what}; add one to "
                "signature.dataset_path or, where probes are drawn, raise dataset.probe_fraction; or take pattern_wise "
                "out of signature.methods"
            )


def check_drawn(satisfied: np.ndarray, pattern_names: Sequence[str], probe_fraction: float) -> None:
    """Raise UserError where the slice that probes are drawn from left none of a pattern, whatever the methods: a
    signature would say nothing of it. `satisfied` as for `check_coverage`."""
    for name, column in zip(pattern_names, satisfied.T, strict=True):
        if not column.any():
            raise UserError(
                f"dataset.probe_fraction is {probe_fraction:g}; it leaves no probe of the pattern {name}: raise it"
            )
