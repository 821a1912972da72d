"""What an example's dataset holds twice, or shares with the test set: counted from the sequences themselves."""

from typing import Any

import numpy as np

from subject_zoo.sampler import ExampleDataset
from subject_zoo.test_set import TestSet

SEQUENCES = "sequences"  # the key of the counts beside a verdict's own figures in validation.json


def audit_sequences(dataset: ExampleDataset, test_set: TestSet) -> dict[str, Any]:
    """Counts over distinct sequences, but for `rows` and `copies`, JSON-ready.

    `rows`, and `copies` among them (rows of a sequence beyond its first); `on_both_sides` of the early-stopping split;
    `shared_with_test`, and `shared_of_held_out` among them: those that satisfy no pattern that is trained on whole
    (there must be none).
    """
    sequences, codes = np.unique(_codes(dataset.tokens), return_inverse=True)
    sides = [np.unique(codes[side]) for side in (dataset.is_validation, ~dataset.is_validation)]
    shared = np.isin(_codes(test_set.tokens), sequences)
    trained_whole = sum(1 << bit for bit, held_out in enumerate(test_set.held_out) if not held_out)
    return {
        "rows": len(codes),
        "copies": len(codes) - len(sequences),
        "on_both_sides": len(np.intersect1d(*sides, assume_unique=True)),
        "shared_with_test": int(shared.sum()),
        "shared_of_held_out": int((test_set.masks[shared] & trained_whole == 0).sum()),
    }


def _codes(tokens: np.ndarray) -> np.ndarray:
    """Sequences, uint8 [n, T], as n values that are equal where they are."""
    return np.ascontiguousarray(tokens).view(f"S{tokens.shape[1]}").ravel()
