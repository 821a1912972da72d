"""What people wrote, deleted or spoilt in a repository: what stays, what is mended, and what is told."""

import json

import pytest
from huggingface_hub import CommitOperationDelete, HfApi

from subject_zoo.base.errors import UserError
from subject_zoo.dataset.edited_card import BEGIN, END
from subject_zoo.dataset.layout import CARD, MANIFEST
from tests.hub.publishing import add, edit, read
from tests.published_zoo import REPO, digests, files_of, names_of, ours, write_dataset

pytest_plugins = ["tests.loopback_hub.fixtures"]


def test_a_file_that_somebody_deleted_comes_back(hub, here, tmp_path):
    folder, zoo = write_dataset(tmp_path / "zoo"), here()
    zoo.open()
    zoo.complete(folder)
    gone = [CommitOperationDelete(name) for name in ("weights/000001.safetensors", "validity.json")]
    HfApi(endpoint=hub.url).create_commit(REPO, gone, commit_message="foreign commit", repo_type="dataset")
    add(zoo, folder, "000001")
    assert set(hub.tree(REPO)) == {".gitattributes", *names_of(folder)} - {"validity.json"}
    zoo.complete(folder)
    assert ours(hub.commits(REPO)[-1]) == digests(folder)


def test_what_a_person_wrote_into_the_card_stays(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    add(here(), folder, "000000")
    card = read(hub, CARD)
    mine = card.replace("license: cc0-1.0", "license: mit\nlanguage: [en]").replace(BEGIN, f"# Mine\n\n{BEGIN}")
    edit(hub, {CARD: f"{mine}\nBelow, mine.\n".encode()})
    add(here(), folder, "000001")
    here().complete(folder)
    text = read(hub, CARD)
    assert all(
        words in text for words in ("license: mit", "language:\n- en", "\n# Mine\n", "\nBelow, mine.\n", "complete")
    )
    assert "growing" not in text
    assert text.count(BEGIN) == text.count(END) == 1
    tree = ours(hub.commits(REPO)[-1])
    manifest = json.loads(read(hub, MANIFEST))
    del tree[MANIFEST]
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == tree
    commits = len(hub.commits(REPO))
    here().complete(folder)
    assert len(hub.commits(REPO)) == commits


def test_files_of_a_person_where_readers_meet_them_are_neither_mixed_in_nor_deleted(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    add(here(), folder, "000000")
    edit(hub, {"data/train/mine.parquet": b"mine", "notes/mine.txt": b"mine"})
    before = hub.tree(REPO)
    for call in (here().open, lambda: add(here(), folder, "000001"), lambda: here(replace=True).complete(folder)):
        with pytest.raises(
            UserError, match=r"^tester/zoo holds data/train/mine.parquet, which is none of this dataset's"
        ):
            call()
    assert hub.tree(REPO) == before
    edit(hub, {"data/train/mine.parquet": None})
    here().complete(folder)
    assert {name for name in hub.tree(REPO) if "mine" in name} == {"notes/mine.txt"}


def test_a_published_shard_that_was_spoilt_is_mended_with_the_next_commit(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    add(here(), folder, "000000", "000001")
    edit(hub, {"weights/000000.safetensors": None, "signatures/000001.npz": b"others"})
    add(here(), folder, "000002")
    tree = ours(hub.commits(REPO)[-1])
    for shard in ("000000", "000001", "000002"):
        assert {name: tree[name] for name in files_of(folder, shard)}.items() <= digests(folder).items()
    edit(hub, {"weights/000000.safetensors": None})
    (folder / "weights/000000.safetensors").unlink()
    with pytest.raises(
        UserError, match=r"^tester/zoo: weights/000000.safetensors was deleted or changed there, and is"
    ):
        add(here(), folder, "000003")


def test_a_repository_that_lost_its_manifest_says_what_to_do(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    add(here(), folder, "000000")
    edit(hub, {MANIFEST: None})
    with pytest.raises(
        UserError, match=r"and no manifest.json that names it: bring that back from the repository's hist"
    ):
        here().complete(folder)


def test_a_repository_that_was_deleted_says_what_to_do_and_that_helps(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    add(here(), folder, "000000")
    (hub.root / "repos" / f"{REPO}.json").unlink()
    with pytest.raises(
        UserError, match=r"^tester/zoo: the Hub has no such dataset, .*where it was deleted, `rm -r resul"
    ):
        add(here(), folder, "000001")
    here().open()
    here().complete(folder)
    assert ours(hub.commits(REPO)[-1]) == digests(folder)
