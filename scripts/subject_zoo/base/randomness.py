"""Where every random number comes from: (seed, example id, purpose), and nothing else.

No draw depends on a global generator, on time, on order of work or on a thread, so an example is the same
whatever range, core or run it is made in.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What an example's draw is for. The numbers are part of every dataset: append, never renumber."""

    PATTERNS = 0
    TARGET = 1
    ARCHITECTURE = 2
    LEARNING_RATE = 3
    SEQUENCES = 4
    CORRUPTION = 5
    INITIAL_WEIGHTS = 6
    DEGRADED_BATCHES = 7
    IMPROVEMENT_BATCHES = 8
    DEGRADED_DROPOUT = 9
    IMPROVEMENT_DROPOUT = 10
    DIAGNOSED = 11
    VIEWS = 12
    SHOTS = 13


class ProjectPurpose(IntEnum):
    """What a project-wide draw is for, made once and shared by all examples. Append, never renumber."""

    POOLS = 0
    NEAR_MISSES = 1
    BACKGROUND = 2
    TEST_SET = 3
    PROBES = 4
    BENCHMARK = 5
    SLICES = 6
    PROBE_ORDER = 7


_PROJECT = 0xFFFFFFFF  # no example has this id, so project draws never meet an example's


def example_generator(seed: int, example_id: int, purpose: Purpose) -> np.random.Generator:
    """The generator of one example's draws for one purpose (PCG64 over SeedSequence(seed, (id, purpose)))."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(example_id, purpose))))


def project_generator(seed: int, purpose: ProjectPurpose, part: int = 0) -> np.random.Generator:
    """The generator of a project-wide draw; `part` tells draws of the same purpose apart (a pattern's index)."""
    key = (_PROJECT, purpose, part)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
