"""What a run takes of disk and memory, about: by what was measured of the default configuration, and of a small one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from subject_zoo.config.sizes import weights_of_network
from subject_zoo.dataset.shard_plan import Windows

# Bytes.
_LABELS = 1.6  # of a sequence beside its letters, in a range's file
_IN_MEMORY = 15  # of a sequence beside its letters, while datasets are drawn and saved
_OF_WEIGHT, _OF_WEIGHT_AS_TEXT = 9, 30  # in both networks' files; in the five texts that a record holds at most
_OF_RECORD, _OF_VERDICT = 8_000, 3_000  # beside weights, as text
_OF_PACKED_RECORD, _OF_PACKED_WEIGHT = 12_000, 14  # in a shard, and again in the dataset
_POOLS = 10_000_000
_PROCESS = 60_000_000  # a job's own
SNAKEMAKE = 400_000_000  # at most: it grows with the number of jobs
_FILES_OF_RANGE = 24  # with checksums, logs and what Snakemake keeps


@dataclass(frozen=True)
class Work:
    """A run from nothing: how many `candidates` in how many `ranges`, the `largest_job`; `disk` in bytes, which is
    `disk_cleaned` with `cleanup: true`, `files`, and the bytes of `memory` that one job takes."""

    candidates: int
    ranges: int
    largest_job: int
    disk: float
    disk_cleaned: float
    files: int
    memory: float


def work_of(config: Mapping[str, Any], cores: int) -> Work:
    """What a run of a checked configuration takes, with so many jobs at a time."""
    windows = Windows.of(config)
    number = windows.enough_for(config["num_examples"], config["expected_acceptance"])
    ranges = [one for window in range(number) for one in windows.ranges(window)]
    candidates, largest = windows.ids(number - 1).stop, max(len(one.ids) for one in ranges)
    sequences, length = config["dataset"]["num_sequences"], config["patterns"]["sequence_length"]
    weights = (weights_of_network(config, least=True) + weights_of_network(config)) / 2
    record = _OF_RECORD + _OF_WEIGHT_AS_TEXT * weights
    of_candidate = sequences * (length + _LABELS) + _OF_WEIGHT * weights + _OF_VERDICT
    of_candidate += record * config["expected_acceptance"]
    packed = _OF_PACKED_RECORD + _OF_PACKED_WEIGHT * weights
    kept = _POOLS + packed * (config["num_examples"] + candidates * config["expected_acceptance"])
    return Work(
        candidates=candidates,
        ranges=len(ranges),
        largest_job=largest,
        disk=kept + of_candidate * candidates,
        disk_cleaned=kept + of_candidate * min(candidates, 2 * cores * largest),
        files=_FILES_OF_RANGE * len(ranges),
        memory=_PROCESS + largest * sequences * (length + _IN_MEMORY),
    )
