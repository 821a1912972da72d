"""What a repository holds after each commit of publishing, and what is refused; in this process, by LFS."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationDelete, HfApi, constants, set_client_factory
from huggingface_hub.utils._http import default_client_factory

from subject_zoo.base.errors import UserError
from subject_zoo.dataset.folder import describe_file
from subject_zoo.dataset.layout import CARD, MANIFEST
from subject_zoo.hub.client import Patience, use_hub
from subject_zoo.hub.publication import Publication
from subject_zoo.hub.repository import HubRepository
from tests.loopback_hub import Fault, LoopbackHub
from tests.loopback_hub.clients import commit
from tests.loopback_hub.storage import ObjectStore
from tests.published_zoo import (
    CONFIG,
    DIGESTS,
    REPO,
    digests,
    files_of,
    names_of,
    ours,
    sequences_of,
    shards_of,
    title_pages,
    write_dataset,
)

pytest_plugins = ["tests.loopback_hub.fixtures"]


@pytest.fixture
def here(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Publication]]:
    """Makes publications that talk to the hub from this process."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(hub.root / "no token"))
    monkeypatch.setenv("HF_TOKEN", hub.token)
    patience = Patience(timeout=2, first=0.05, longest=0.1, quota=0.1, total=1)
    use_hub(patience)

    def publication(config: dict | None = None, repo: str = REPO) -> Publication:
        return Publication(HubRepository(repo, hub.url), config or CONFIG, DIGESTS, patience)

    yield publication
    set_client_factory(default_client_factory)


def add(publication: Publication, folder: Path, *shards: str) -> str:
    return publication.add_shards(
        {shard: files_of(folder, shard) for shard in shards}, sequences_of(folder), title_pages
    )[0]


def rewrite(folder: Path) -> None:
    """Title pages anew, after files were changed."""
    names = [name for name in names_of(folder) if name not in {CARD, MANIFEST}]
    for name, page in title_pages({name: describe_file(folder / name) for name in names}, complete=True).items():
        (folder / name).write_bytes(page)


def test_a_commit_holds_shards_whole_with_title_pages_and_nothing_else(hub, here, tmp_path):
    folder, zoo = write_dataset(tmp_path / "zoo"), here()
    head, in_steps = zoo.open(private=True)
    assert (head, in_steps) == (hub.commits(REPO)[-1].oid, True)
    assert add(zoo, folder, "000000", "000001") == hub.commits(REPO)[-1].oid
    shards = {*files_of(folder, "000000"), *files_of(folder, "000001")}
    assert set(hub.tree(REPO)) == {".gitattributes", CARD, MANIFEST, *sequences_of(folder), *shards}
    assert json.loads((hub.root / "repos" / f"{REPO}.json").read_text())["private"]


def test_a_shard_made_anew_replaces_the_one_that_is_there(hub, here, tmp_path):
    folder, zoo = write_dataset(tmp_path / "zoo"), here()
    zoo.open(private=True)
    add(zoo, folder, "000000", "000001")
    (folder / "data/train/000000.parquet").rename(folder / "data/validation/000000.parquet")
    (folder / "weights/000000.safetensors").write_bytes(b"others")
    add(zoo, folder, "000000")
    tree = hub.tree(REPO)
    assert {name for name in tree if "000000" in name} == set(files_of(folder, "000000"))
    assert tree["weights/000000.safetensors"] == hashlib.sha256(b"others").hexdigest()
    assert {name for name in tree if "000001" in name} == set(files_of(folder, "000001"))
    rewrite(folder)
    zoo.complete(folder, names_of(folder))
    assert ours(hub.commits(REPO)[-1]) == digests(folder)


def test_the_whole_deletes_what_the_folder_does_not_hold_and_leaves_the_rest(hub, here, tmp_path):
    folder, zoo = write_dataset(tmp_path / "zoo"), here()
    zoo.open(private=True)
    add(zoo, folder, *shards_of(folder))
    hub.set_faults([Fault("POST .*/commit/", "foreign_commit")])
    for path in files_of(folder, "000003").values():
        path.unlink()
    rewrite(folder)
    commit = zoo.complete(folder, names_of(folder))
    assert hub.commits(REPO)[-1].oid == commit
    assert ours(hub.commits(REPO)[-1]) == digests(folder)
    assert {".gitattributes", "foreign/2.txt"} < set(hub.tree(REPO))
    assert zoo.complete(folder, names_of(folder)) == commit


def test_a_finished_dataset_grows_without_losing_a_shard(hub, here, tmp_path):
    folder, zoo = write_dataset(tmp_path / "zoo"), here()
    zoo.open(private=True)
    zoo.complete(folder, names_of(folder))
    before = len(hub.commits(REPO))
    assert zoo.open(private=True)[1]
    for shard in shards_of(folder):
        add(zoo, folder, shard)
    assert len(hub.commits(REPO)) == before
    more = write_dataset(tmp_path / "more", shards=5)
    add(zoo, more, "000004")
    tree = ours(hub.commits(REPO)[-1])
    # All shards, and nothing that tells of the whole.
    assert set(tree) == {*names_of(more)} - {"validity.json"}
    assert tree.pop(MANIFEST) != digests(more)[MANIFEST]
    manifest = json.loads(ObjectStore(hub.root / "objects").read(hub.tree(REPO)[MANIFEST]))
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == tree
    zoo.complete(more, names_of(more))
    assert ours(hub.commits(REPO)[-1]) == digests(more)


def test_a_file_that_somebody_deleted_comes_back(hub, here, tmp_path):
    folder, zoo = write_dataset(tmp_path / "zoo"), here()
    zoo.open(private=True)
    zoo.complete(folder, names_of(folder))
    gone = [CommitOperationDelete(name) for name in ("weights/000001.safetensors", "validity.json")]
    HfApi(endpoint=hub.url).create_commit(REPO, gone, commit_message="foreign commit", repo_type="dataset")
    add(zoo, folder, "000001")
    assert set(hub.tree(REPO)) == {".gitattributes", *names_of(folder)} - {"validity.json"}
    zoo.complete(folder, names_of(folder))
    assert ours(hub.commits(REPO)[-1]) == digests(folder)


def test_other_datasets_are_left_alone(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open(private=True)
    here().complete(folder, names_of(folder))
    other = here(CONFIG | {"seed": 8})
    calls = (
        lambda: other.open(private=True),
        lambda: add(other, folder, "000000"),
        lambda: other.complete(folder, names_of(folder)),
    )
    for call in calls:
        with pytest.raises(UserError, match=r"^tester/zoo holds something else: its seed is 7, here it is 8; choose"):
            call()
    assert len(hub.commits(REPO)) == 2


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"data/train/mine.csv": b"a,b"}, "data/train/mine.csv, and no manifest.json"),
        ({MANIFEST: b"{}"}, "its manifest.json is not one of this project"),
        ({MANIFEST: b"no json"}, "its manifest.json is not one of this project"),
    ],
)
def test_a_repository_with_other_things_is_refused(hub, here, api, files, said):
    commit(api, files)
    with pytest.raises(UserError, match=said):
        here().open(private=True)
    assert len(hub.commits(REPO)) == 2


def test_another_arrangement_of_the_same_examples_waits_for_the_end(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open(private=True)
    add(here(), folder, "000000")
    finer = here(CONFIG | {"examples_per_job": 1})
    assert finer.open(private=True)[1] is False
    with pytest.raises(UserError, match="cut into other shards"):
        add(finer, folder, "000001")
    assert here(CONFIG | {"examples_per_job": 1, "ranges_per_shard": 2}).open(private=True)[1]
    finer.complete(folder, names_of(folder))
    assert ours(hub.commits(REPO)[-1]) == digests(folder)


@pytest.mark.parametrize(
    ("token", "repo", "status", "said"),
    [
        ("hf_canaryCANARY", REPO, None, "does not accept the token"),
        ("hf_loopback", "stranger/zoo", None, "the token may not write there"),
        ("hf_loopback", REPO, 403, "the token may not write there"),
        ("hf_loopback", REPO, 404, "has no such dataset"),
        ("hf_loopback", REPO, 418, "refuses, status 418"),
        ("hf_canary\x0bCANARY", REPO, None, "check HF_ENDPOINT and the token"),
        ("hf_canaryCANARY\N{SNOWMAN}", REPO, None, "check HF_ENDPOINT and the token"),
    ],
)
def test_what_a_person_has_to_mend_is_one_line_at_once(hub, here, monkeypatch, token, repo, status, said):
    monkeypatch.setenv("HF_TOKEN", token)
    if status:
        body = json.dumps({"error": f"no! {token} at https://x.y/z?secret=1"})
        hub.set_faults([Fault("POST .*/preupload/", "status", status=status, body=body)])
    start = time.monotonic()
    with pytest.raises(UserError) as error:
        here(repo=repo).open(private=True)
    line = str(error.value)
    assert said in line
    assert line.startswith(repo)
    assert "\n" not in line
    assert not any(secret in line for secret in (token, "CANARY", "secret", "http"))
    assert error.value.__suppress_context__
    assert time.monotonic() - start < 1


def test_patience_ends_with_a_line_that_says_what_was_waited_for(hub, here, caplog):
    hub.set_faults([Fault("GET /api/datasets", "status", status=503, times=1000)])
    start = time.monotonic()
    with pytest.raises(UserError, match=r"^could not open tester/zoo: the Hub is unwell \(status 503\); tried \d+"):
        here().open(private=True)
    assert time.monotonic() - start < 3
    assert len(hub.log("GET /api/datasets")) > 5
    assert any("open tester/zoo: the Hub is unwell (status 503); next try in 0 s" in line for line in caplog.messages)


def test_a_tree_that_is_not_what_was_sent_is_an_error(hub, here, tmp_path, monkeypatch):
    folder, zoo = write_dataset(tmp_path / "zoo"), here()
    zoo.open(private=True)
    before = HfApi.create_commit

    def other(self, repo_id, operations, **options):
        return before(self, repo_id, [op for op in operations if "weights" not in op.path_in_repo], **options)

    monkeypatch.setattr(HfApi, "create_commit", other)
    with pytest.raises(UserError, match=r"does not hold what was sent: weights/000000\.safetensors"):
        add(zoo, folder, "000000")
