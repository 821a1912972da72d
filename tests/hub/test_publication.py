"""What a repository holds after each commit of publishing."""

import hashlib
import json

import pyarrow.parquet as pq
import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.dataset.layout import CARD, MANIFEST
from tests.hub.publishing import add, rewrite
from tests.loopback_hub import Fault
from tests.loopback_hub.storage import ObjectStore
from tests.published_zoo import REPO, digests, files_of, names_of, ours, sequences_of, shards_of, write_dataset

pytest_plugins = ["tests.loopback_hub.fixtures"]


def test_a_commit_holds_shards_whole_with_title_pages_and_nothing_else(hub, here, tmp_path):
    folder, zoo = write_dataset(tmp_path / "zoo"), here()
    head, in_steps = zoo.open()
    assert (head, in_steps) == (hub.commits(REPO)[-1].oid, True)
    assert add(zoo, folder, "000000", "000001") == hub.commits(REPO)[-1].oid
    shards = {*files_of(folder, "000000"), *files_of(folder, "000001")}
    assert set(hub.tree(REPO)) == {".gitattributes", CARD, MANIFEST, *sequences_of(folder), *shards}
    assert json.loads((hub.root / "repos" / f"{REPO}.json").read_text())["private"]


def test_a_shard_made_anew_replaces_the_one_that_is_there_where_that_is_asked_for(hub, here, tmp_path):
    folder, zoo = write_dataset(tmp_path / "zoo"), here(replace=True)
    zoo.open()
    add(zoo, folder, "000000", "000001")
    (folder / "data/train/000000.parquet").rename(folder / "data/validation/000000.parquet")
    (folder / "weights/000000.safetensors").write_bytes(b"others")
    add(zoo, folder, "000000")
    tree = hub.tree(REPO)
    assert {name for name in tree if "000000" in name} == set(files_of(folder, "000000"))
    assert tree["weights/000000.safetensors"] == hashlib.sha256(b"others").hexdigest()
    assert {name for name in tree if "000001" in name} == set(files_of(folder, "000001"))
    rewrite(folder)
    zoo.complete(folder)
    assert ours(hub.commits(REPO)[-1]) == digests(folder)


def test_the_whole_deletes_what_the_folder_does_not_hold_and_leaves_the_rest(hub, here, tmp_path):
    folder, zoo = write_dataset(tmp_path / "zoo"), here(replace=True)
    zoo.open()
    add(zoo, folder, *shards_of(folder))
    hub.set_faults([Fault("POST .*/commit/", "foreign_commit")])
    for path in files_of(folder, "000003").values():
        path.unlink()
    rewrite(folder)
    commit = zoo.complete(folder)
    assert hub.commits(REPO)[-1].oid == commit
    assert ours(hub.commits(REPO)[-1]) == digests(folder)
    assert {".gitattributes", "foreign/2.txt"} < set(hub.tree(REPO))
    assert zoo.complete(folder) == commit


def test_a_finished_dataset_grows_without_losing_a_shard(hub, here, tmp_path):
    folder, zoo = write_dataset(tmp_path / "zoo"), here()
    zoo.open()
    zoo.complete(folder)
    before = len(hub.commits(REPO))
    assert zoo.open()[1]
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
    zoo.complete(more)
    assert ours(hub.commits(REPO)[-1]) == digests(more)


def test_a_cut_shard_grows(hub, here, tmp_path):
    whole, cut = write_dataset(tmp_path / "whole"), write_dataset(tmp_path / "cut")
    pq.write_table(pq.read_table(cut / "data/train/000003.parquet")[:1], cut / "data/train/000003.parquet")
    rewrite(cut)
    here().open()
    here().complete(cut)
    add(here(), whole, "000003")
    here().complete(whole)
    assert ours(hub.commits(REPO)[-1]) == digests(whole)
    with pytest.raises(UserError, match="1 of its 8 examples would be taken away"):
        here().complete(cut)
