"""Steps of publishing in this process, and a person's commits beside them."""

import json
from functools import partial
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

from subject_zoo.dataset.folder import describe_file
from subject_zoo.dataset.layout import CARD, MANIFEST
from subject_zoo.hub.publication import Publication
from tests.loopback_hub import LoopbackHub
from tests.loopback_hub.storage import ObjectStore
from tests.published_zoo import REPO, files_of, names_of, sequences_of, title_pages


def add(publication: Publication, folder: Path, *shards: str) -> str:
    return publication.add_shards(shards, partial(files_of, folder), sequences_of(folder), title_pages)[0]


def rewrite(folder: Path) -> None:
    """Title pages anew, after files were changed."""
    names = [name for name in names_of(folder) if name not in {CARD, MANIFEST}]
    for name, page in title_pages({name: describe_file(folder / name) for name in names}, complete=True).items():
        (folder / name).write_bytes(page)


def edit(hub: LoopbackHub, files: dict[str, bytes | None]) -> None:
    """A person's commit."""
    operations = [
        CommitOperationDelete(path) if content is None else CommitOperationAdd(path, content)
        for path, content in files.items()
    ]
    HfApi(endpoint=hub.url).create_commit(REPO, operations, commit_message="a person's", repo_type="dataset")


def read(hub: LoopbackHub, path: str) -> str:
    return ObjectStore(hub.root / "objects").read(hub.tree(REPO)[path]).decode()


def manifest_digest_at(hub: LoopbackHub, commit_id: str) -> str:
    """The digest by which a commit's manifest knows itself."""
    (made,) = [made for made in hub.commits(REPO) if made.oid == commit_id]
    return json.loads(ObjectStore(hub.root / "objects").read(made.files[MANIFEST].sha256))["facts_sha256"]
