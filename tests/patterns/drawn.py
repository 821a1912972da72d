"""Pools drawn by small configurations of any sizes."""

from typing import Any

from subject_zoo.patterns.definitions import PATTERNS
from subject_zoo.patterns.pools import Pools
from subject_zoo.patterns.slices import Slice
from tests.conftest import small_config

SLICE_NAMES = {Slice.TRAIN: "train", Slice.TEST: "test", Slice.PROBE: "probe", Slice.SHARED: "shared"}


def possible(vocab_size: int, sequence_length: int) -> list[str]:
    return [name for name in PATTERNS if name != "no_repeats" or sequence_length <= vocab_size]


def sized(vocab_size: int, sequence_length: int, **dataset: Any) -> dict[str, Any]:
    """A small configuration of these sizes, with all patterns that can occur."""
    sizes = {"vocab_size": vocab_size, "sequence_length": sequence_length}
    patterns = {**sizes, "enabled": possible(**sizes)}
    return small_config({"patterns": patterns, "dataset": dataset})


def create(config: dict[str, Any]) -> Pools:
    return Pools.create(config["seed"], config["patterns"], config["dataset"])
