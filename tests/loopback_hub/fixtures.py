"""Fixtures for tests that need the hub; a test module asks for them by the name of this one, as `pytest_plugins`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi, constants

from .clients import REPO
from .controller import LoopbackHub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LoopbackHub]:
    """A running hub that, by the test's end, has met no bug of its own."""
    with LoopbackHub(tmp_path / "hub") as running:
        yield running
    assert running.errors() == ""


@pytest.fixture
def api(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> HfApi:
    """A client in this process, in LFS mode, with the empty repository REPO."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    client = HfApi(endpoint=hub.url, token=hub.token)
    client.create_repo(REPO, repo_type="dataset")
    return client
