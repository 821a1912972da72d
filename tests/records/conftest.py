"""Fixtures of several test files: examples to make records of, each made once a process. Read only."""

import pytest

from subject_zoo.patterns.pools import Pools
from tests.records.made import KINDS, Made, make_config, make_examples_of


@pytest.fixture(scope="session")
def own_pools() -> Pools:
    """The pools of `make_config`."""
    config = make_config()
    return Pools.create(config["seed"], config["patterns"], config["dataset"])


@pytest.fixture(scope="session", params=KINDS)
def made(request, own_pools) -> Made:
    """Examples whose weights are rounded in each way."""
    return make_examples_of(make_config(KINDS[request.param]), own_pools)


@pytest.fixture(scope="session")
def plain(own_pools) -> Made:
    """Examples of float32."""
    return make_examples_of(make_config(KINDS["float32"]), own_pools)
