"""The fixed sequences that signatures are taken over: reading them, whoever made the file."""

import json
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from subject_zoo.errors import UserError
from subject_zoo.patterns import PatternSpace
from subject_zoo.signatures import ActivationSignatureExtractor


@dataclass(frozen=True)
class SignatureDataset:
    """`tokens` uint8 [m, T] in the file's order; `satisfied` bool [m, P] by the enabled patterns."""

    tokens: np.ndarray
    satisfied: np.ndarray


def read_signature_dataset(path: str | os.PathLike, space: PatternSpace, enabled: list[str]) -> SignatureDataset:
    """The probes of a signature dataset file: a JSON object with `examples`, each with a `sequence`.

    Which patterns a probe satisfies is computed, not read. Raises UserError, naming the file, for anything else,
    and for a sequence of another length or vocabulary.
    """
    try:
        with open(path, encoding="utf-8") as file:
            sequences = [example["sequence"] for example in json.load(file)["examples"]]
        tokens = space.from_text(sequences)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f'{path}: not a signature dataset; it must be JSON of the form {{"examples": [{{"sequence": "ABCABCA"}}]}}'
        ) from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    if len(tokens) < 2:
        raise UserError(f"{path}: {len(tokens)} sequences; a signature needs at least 2")
    satisfied = np.stack([space.predicate(name, tokens) for name in enabled], axis=1)
    return SignatureDataset(tokens, satisfied)


def extractor_for(
    probes: SignatureDataset, signature: dict[str, Any], enabled: list[str]
) -> ActivationSignatureExtractor:
    """The extractor of the config's section `signature` over these probes."""
    return ActivationSignatureExtractor(
        signature["methods"], probes.satisfied, enabled, signature["components"], signature["entropy_bins"]
    )
