"""Fixtures of several test files: the default configuration made small, and pools drawn by it; and those of a finished
dataset."""

import os
from copy import deepcopy
from pathlib import Path
from typing import Any

from subject_zoo.provenance.machine import ONE_THREAD

os.environ.update(ONE_THREAD)  # as in every job; read when numpy is loaded

import pytest
import yaml
from hypothesis import settings

from subject_zoo.config.check import check_config
from subject_zoo.config.load import overlaid
from subject_zoo.patterns.pools import Pools

pytest_plugins = ["tests.finished_dataset"]

settings.register_profile("any machine", deadline=None)  # how long a case takes is the machine's affair
settings.load_profile("any machine")

DEFAULT = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text(encoding="utf-8"))
SMALL = {
    "num_examples": 4,
    "examples_per_job": 3,
    "ranges_per_shard": 2,
    "patterns": {"vocab_size": 7, "sequence_length": 5, "min_target_sequences": 0},
    "dataset": {
        "num_sequences": 300,
        "corruption": "random",
        "corruption_rate": 0.65,
        "validation_fraction": 0.1,
        "pool_size": 500,
        "test_per_pattern": 40,
        "test_background": 150,
    },
    "model": {"num_layers": [1, 2], "neurons_per_layer": [4, 6]},
    "training": {"batch_size": 64, "degraded_epochs": 3, "improvement_epochs": 2, "improvement_penalty_epochs": 1},
    "signature": {"probes_per_pattern": 4, "background_probes": 10},
    "benchmark": {"samples_per_pattern": 5},
}


def small_config(*overlays: dict[str, Any]) -> dict[str, Any]:
    """The checked default configuration, made small and then overlaid, as Snakemake overlays it."""
    return check_config(overlaid(deepcopy(DEFAULT), SMALL, *overlays))


@pytest.fixture
def config() -> dict[str, Any]:
    """The checked default configuration made small; each test's own copy."""
    return small_config()


@pytest.fixture(scope="session")
def pools() -> Pools:
    """The pools of `config`. Read only."""
    small = small_config()
    return Pools.create(small["seed"], small["patterns"], small["dataset"])
