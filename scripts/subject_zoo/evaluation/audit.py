"""What an example's dataset holds twice, or shares with the test set: counted from the sequences themselves."""

from typing import Any

import numpy as np

from subject_zoo.evaluation.exam import Exam
from subject_zoo.examples.sampler import ExampleDataset

_WORD = 8  # bytes of a uint64


def audit_sequences(dataset: ExampleDataset, exam: Exam) -> dict[str, Any]:
    """Counts over distinct sequences, but for `rows` and `copies`, JSON-ready.

    `rows`, and `copies` among them (rows of a sequence beyond its first); `on_both_sides` of the early-stopping split;
    `shared_with_test`, and `shared_of_held_out` among them: those that satisfy no pattern that is trained on whole
    (there must be none).
    """
    codes, test_codes = np.split(_codes(np.concatenate([dataset.tokens, exam.tokens])), [len(dataset.tokens)])
    sides = [_distinct(codes[side]) for side in (dataset.is_validation, ~dataset.is_validation)]
    sequences = _distinct(np.concatenate(sides))
    places = np.searchsorted(sequences[:-1], test_codes)  # without the last one, so that none is beyond it
    shared = sequences[places] == test_codes
    trained_whole = sum(1 << bit for bit, held_out in enumerate(exam.pools.held_out) if not held_out)
    return {
        "rows": len(codes),
        "copies": len(codes) - len(sequences),
        "on_both_sides": sum(map(len, sides)) - len(sequences),
        "shared_with_test": int(shared.sum()),
        "shared_of_held_out": int((exam.masks[shared] & trained_whole == 0).sum()),
    }


def _codes(tokens: np.ndarray) -> np.ndarray:
    """Sequences, uint8 [n, T], as n whole numbers that are equal where they are: these sort far faster than bytes."""
    count, length = tokens.shape
    words = np.zeros((count, -(-length // _WORD) * _WORD), np.uint8)
    words[:, :length] = tokens
    first, *others = words.view(np.uint64).T
    codes = first
    for word in others:  # two words as one number: the rank of one and that of the other
        high, low = (np.searchsorted(_distinct(part), part) for part in (codes, word))
        codes = high * (low.max() + 1) + low
    return codes


def _distinct(numbers: np.ndarray) -> np.ndarray:
    """The different ones, ascending: np.unique without its hashing, in a tenth of the time."""
    ordered = np.sort(numbers)
    is_first = np.ones(len(ordered), bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]
