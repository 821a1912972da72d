"""What an example's dataset holds twice, or shares with the test set: counted from the sequences themselves."""

from typing import Any

import numpy as np

from subject_zoo.base.distinct import distinct
from subject_zoo.evaluation.exam import Exam
from subject_zoo.examples.sampler import ExampleDataset
from subject_zoo.patterns.sequences import row_codes


def audit_sequences(dataset: ExampleDataset, exam: Exam) -> dict[str, Any]:
    """Counts over distinct sequences, but for `rows` and `copies`, JSON-ready.

    `rows`, and `copies` among them (rows of a sequence beyond its first); `on_both_sides` of the early-stopping split;
    `shared_with_test`, and `shared_of_held_out` among them: those that satisfy no pattern that is trained on whole
    (there must be none).
    """
    codes, test_codes = np.split(row_codes(np.concatenate([dataset.tokens, exam.tokens])), [len(dataset.tokens)])
    sides = [distinct(codes[side]) for side in (dataset.is_validation, ~dataset.is_validation)]
    sequences = distinct(np.concatenate(sides))
    order = np.argsort(test_codes)  # in order they are found in a quarter of the time
    places = np.searchsorted(sequences[:-1], test_codes[order])  # without the last one, so that none is beyond it
    shared = order[sequences[places] == test_codes[order]]
    trained_whole = sum(1 << bit for bit, held_out in enumerate(exam.pools.held_out) if not held_out)
    return {
        "rows": len(codes),
        "copies": len(codes) - len(sequences),
        "on_both_sides": sum(map(len, sides)) - len(sequences),
        "shared_with_test": len(shared),
        "shared_of_held_out": int((exam.masks[shared] & trained_whole == 0).sum()),
    }
