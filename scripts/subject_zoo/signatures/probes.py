"""The fixed sequences that signatures are taken over: reading them, whoever made the file."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import parse_json
from subject_zoo.patterns.sequences import from_text, satisfied_patterns
from subject_zoo.patterns.space import PatternSpace


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
        raise UserError(f"{source}: {len(tokens)} sequences; a signature needs at least 2")
    return Probes(tokens, satisfied_patterns(space, enabled, tokens))
