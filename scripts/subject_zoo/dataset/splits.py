"""Which split an example stands in."""

import hashlib
from collections.abc import Sequence


def split_of(
    seed: int, example_id: int, selected_patterns: Sequence[str], holdout: str, validation: float, test: float
) -> str:
    """The split by a stable hash, of the example's id or, with holdout "combination", of its set of patterns.

    The hash is sha256 of the seed and the key, its first 8 bytes as a share in [0, 1): below `test` is test, the
    next `validation` is validation, the rest train.
    """
    key = "+".join(sorted(selected_patterns)) if holdout == "combination" else str(example_id)
    digest = hashlib.sha256(f"{seed}/{holdout}/{key}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share < test:
        return "test"
    return "validation" if share < test + validation else "train"
