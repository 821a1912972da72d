"""Fixtures of several test files: publications in this process, by LFS."""

from collections.abc import Callable, Iterator

import pytest
from huggingface_hub import constants, set_client_factory
from huggingface_hub.utils._http import default_client_factory

from subject_zoo.hub.client import Patience, use_hub
from subject_zoo.hub.publication import Publication
from subject_zoo.hub.repository import HubRepository
from tests.loopback_hub import LoopbackHub
from tests.published_zoo import CONFIG, DIGESTS, REPO


@pytest.fixture
def here(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Publication]]:
    """Makes publications that talk to the hub from this process."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(hub.root / "no token"))
    monkeypatch.setenv("HF_TOKEN", hub.token)
    patience = Patience(timeout=2, first=0.05, longest=0.1, quota=0.1, total=1)
    use_hub(patience)

    def publication(config: dict | None = None, repo: str = REPO, **options: bool) -> Publication:
        options = {"private": True} | options
        return Publication(HubRepository(repo, hub.url), config or CONFIG, DIGESTS, patience, **options)

    yield publication
    set_client_factory(default_client_factory)
