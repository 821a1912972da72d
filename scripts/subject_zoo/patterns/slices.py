"""Which slice of the project a sequence belongs to: train, test or probe, by a hash of itself and the seed.

The slice is a property of the sequence, not of a draw, so no subject model ever trains on a sequence that any
other is tested on.
"""

from enum import IntEnum

import numpy as np

from subject_zoo.base.randomness import ProjectPurpose, project_generator


class Slice(IntEnum):
    """The parts of all sequences. The numbers are stored in pools.npz.

    SHARED are the sequences of patterns with too few to hold any out: trained on by all, and tested on, and probed
    with, as members of those patterns alone.
    """

    TRAIN = 0
    TEST = 1
    PROBE = 2
    SHARED = 3


def _mix(x: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014), on uint64."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def slices_of(tokens: np.ndarray, seed: int, test_fraction: float, probe_fraction: float) -> np.ndarray:
    """The Slice of each sequence, uint8 [n], of tokens uint8 [n, T]."""
    state = np.full(len(tokens), project_generator(seed, ProjectPurpose.SLICES).integers(2**63), np.uint64)
    for column in tokens.T:
        state = _mix(state + column + np.uint64(0x9E3779B97F4A7C15))
    share = (state >> np.uint64(11)) * 2.0**-53  # uniform in [0, 1)
    result = np.full(len(tokens), Slice.TRAIN, np.uint8)
    result[share < test_fraction + probe_fraction] = Slice.TEST
    result[share < probe_fraction] = Slice.PROBE
    return result
