"""What a repository holds after each commit of publishing, and what is refused; in this process, by LFS."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants, set_client_factory
from huggingface_hub.utils._http import default_client_factory

from subject_zoo.base.errors import UserError
from subject_zoo.dataset.edited_card import BEGIN, END
from subject_zoo.dataset.folder import describe_file
from subject_zoo.dataset.layout import CARD, MANIFEST
from subject_zoo.hub.client import Patience, use_hub
from subject_zoo.hub.comparison import differences
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

    def publication(config: dict | None = None, repo: str = REPO, **options: bool) -> Publication:
        options = {"private": True} | options
        return Publication(HubRepository(repo, hub.url), config or CONFIG, DIGESTS, patience, **options)

    yield publication
    set_client_factory(default_client_factory)


def add(publication: Publication, folder: Path, *shards: str) -> str:
    return publication.add_shards(shards, partial(files_of, folder), sequences_of(folder), title_pages)[0]


def rewrite(folder: Path) -> None:
    """Title pages anew, after files were changed."""
    names = [name for name in names_of(folder) if name not in {CARD, MANIFEST}]
    for name, page in title_pages({name: describe_file(folder / name) for name in names}, complete=True).items():
        (folder / name).write_bytes(page)


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


def test_other_datasets_are_left_alone(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    here().complete(folder)
    other = here(CONFIG | {"seed": 8})
    calls = (
        other.open,
        lambda: add(other, folder, "000000"),
        lambda: other.complete(folder),
    )
    for call in calls:
        with pytest.raises(
            UserError,
            match=r"^tester/zoo holds another dataset: seed is 7 there, 8 here; set publish.replace to true if",
        ):
            call()
    assert len(hub.commits(REPO)) == 2


FILES = {"data/train/000000.parquet": {"rows": 1}}
WITHOUT_DIGESTS = json.dumps({"config": CONFIG, "files": FILES, **DIGESTS}).encode()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"data/train/mine.csv": b"a,b"}, "data/train/mine.csv, and no manifest.json"),
        ({MANIFEST: b"{}"}, "its manifest.json is not one of this project"),
        ({MANIFEST: WITHOUT_DIGESTS}, "its manifest.json is not one of this project"),
        ({MANIFEST: b"no json"}, "its manifest.json is not one of this project"),
    ],
)
def test_a_repository_with_other_things_is_refused(hub, here, api, files, said):
    commit(api, files)
    with pytest.raises(UserError, match=said):
        here(private=False).open()
    assert len(hub.commits(REPO)) == 2


OTHERS = {
    "training.batch_size is 64 there, 128 here": {"training": {"batch_size": 128}},
    "splits.test is 0.0 there, 0.5 here; splits.validation is 0.2 there, 0.1 here": {
        "splits": {"validation": 0.1, "test": 0.5}
    },
    "examples_per_job * ranges_per_shard is 2 there, 1 here": {"examples_per_job": 1},
    "largest_job * ranges_per_shard is 2 there, 8 here": {"largest_job": 8},
    'benchmark.patterns is null there, ["sorted"] here': {"benchmark": {"patterns": ["sorted"]}},
}


@pytest.mark.parametrize("said", OTHERS)
def test_a_dataset_with_other_keys_is_refused_unless_it_may_replace_the_one_that_is_there(hub, here, tmp_path, said):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    add(here(), folder, "000000")
    config = CONFIG | OTHERS[said]
    with pytest.raises(UserError, match=f"^tester/zoo holds another dataset: {re.escape(said)}; set publish.replace"):
        here(config).open()
    replacing = here(config, replace=True)
    assert replacing.open()[1] is False
    with pytest.raises(UserError, match="which is replaced when this one is whole"):
        add(replacing, folder, "000001")
    replacing.complete(folder)
    assert ours(hub.commits(REPO)[-1]) == digests(folder)


def test_other_code_is_told_where_no_key_differs():
    there = {"config": CONFIG, **DIGESTS}
    assert differences(there, CONFIG, DIGESTS) == ""
    assert differences(there, CONFIG | {"examples_per_job": 1, "largest_job": 1, "ranges_per_shard": 2}, DIGESTS) == ""
    assert differences(there, CONFIG | {"num_examples": 1, "cleanup": True}, DIGESTS) == ""
    other = {"code_sha256": "e" * 64, "config_sha256": "f" * 64}
    assert differences(there, CONFIG, other) == (
        "config_sha256 is dddddddddddd there, ffffffffffff here; code_sha256 is cccccccccccc there, eeeeeeeeeeee here"
    )
    assert "config_sha256" not in differences(there, CONFIG | {"seed": 8}, other)


def test_fewer_examples_are_refused_at_the_start_and_at_the_end(hub, here, tmp_path):
    folder, few = write_dataset(tmp_path / "zoo"), write_dataset(tmp_path / "few", shards=3)
    here().open()
    here().complete(folder)
    fewer = CONFIG | {"num_examples": 6}
    with pytest.raises(
        UserError, match=r"^tester/zoo holds 8 examples and num_examples is 6: 2 would be taken away; ask"
    ):
        here(fewer).open()
    with pytest.raises(UserError, match=r"^tester/zoo: 2 of its 8 examples would be taken away; set publish.replace"):
        here(fewer).complete(few)
    assert len(hub.commits(REPO)) == 2
    assert here(fewer, replace=True).open()[1]
    here(fewer, replace=True).complete(few)
    assert ours(hub.commits(REPO)[-1]) == digests(few)


@pytest.mark.parametrize("name", ["weights/000002.safetensors", "signature_dataset.json", "benchmark_dataset.json"])
def test_other_bytes_of_equal_settings_are_refused(hub, here, tmp_path, name):
    folder, other = write_dataset(tmp_path / "zoo"), write_dataset(tmp_path / "other")
    here().open()
    here().complete(folder)
    (other / name).write_bytes(b"others")
    rewrite(other)
    for call in (lambda: add(here(), other, "000002", "000003"), lambda: here().complete(other)):
        with pytest.raises(UserError, match=f"^tester/zoo: its {name} would become another, of equal settings"):
            call()
    assert ours(hub.commits(REPO)[-1]) == digests(folder)


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


def test_a_public_repository_gets_nothing_private(hub, here, api, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    with pytest.raises(
        UserError, match=r"^tester/zoo is public, and publish.private is true: set publish.private to f"
    ):
        here().open()
    here(private=False).open()
    add(here(private=False), folder, "000000")
    with pytest.raises(UserError, match="is public"):
        add(here(), folder, "000001")
    with pytest.raises(UserError, match="is public"):
        here().complete(folder)
    assert len(hub.commits(REPO)) == 2


def test_a_private_repository_stays_private_and_that_is_said(hub, here, caplog):
    here().open()
    assert caplog.messages == []
    here(private=False).open()
    assert caplog.messages == ["tester/zoo is private, though publish.private is false: it stays so"]


def edit(hub: LoopbackHub, files: dict[str, bytes | None]) -> None:
    """A person's commit."""
    operations = [
        CommitOperationDelete(path) if content is None else CommitOperationAdd(path, content)
        for path, content in files.items()
    ]
    HfApi(endpoint=hub.url).create_commit(REPO, operations, commit_message="a person's", repo_type="dataset")


def read(hub: LoopbackHub, path: str) -> str:
    return ObjectStore(hub.root / "objects").read(hub.tree(REPO)[path]).decode()


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


def test_of_two_that_publish_at_once_the_smaller_takes_nothing_away(hub, here, tmp_path):
    small, large = write_dataset(tmp_path / "small", shards=2), write_dataset(tmp_path / "large")
    few = here(CONFIG | {"num_examples": 4})
    few.open()
    here().open()
    add(few, small, "000000")
    add(here(), large, "000000", "000001", "000002")
    with pytest.raises(UserError, match=r"^tester/zoo: 2 of its 6 examples would be taken away"):
        few.complete(small)
    here().complete(large)
    assert ours(hub.commits(REPO)[-1]) == digests(large)


def test_a_repository_that_exists_may_be_told_without_its_address(hub, here, tmp_path):
    here().open()
    hub.set_faults([Fault("POST /api/repos/create", "status", status=409, body='{"error": "it exists"}')])
    assert here().open()[1]


@pytest.mark.parametrize(
    ("token", "repo", "status", "said"),
    [
        ("hf_canaryCANARY", REPO, None, "does not accept the token"),
        ("hf_loopback", "stranger/zoo", None, "the token may not write there"),
        ("hf_loopback", REPO, 403, "the token may not write there"),
        ("hf_loopback", REPO, 404, "has no such dataset"),
        ("hf_loopback", REPO, 404, "where it was deleted, `rm -r results/published` lets the next run make it anew"),
        ("hf_loopback", REPO, 402, "the storage that the Hub gives is full"),
        ("hf_loopback", REPO, 413, "what was sent is too large for the Hub"),
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
        here(repo=repo).open()
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
        here().open()
    assert time.monotonic() - start < 3
    assert len(hub.log("GET /api/datasets")) > 5
    assert any("open tester/zoo: the Hub is unwell (status 503); next try in 0 s" in line for line in caplog.messages)


def test_a_tree_that_is_not_what_was_sent_is_an_error(hub, here, tmp_path, monkeypatch):
    folder, zoo = write_dataset(tmp_path / "zoo"), here()
    zoo.open()
    before = HfApi.create_commit

    def other(self, repo_id, operations, **options):
        return before(self, repo_id, [op for op in operations if "weights" not in op.path_in_repo], **options)

    monkeypatch.setattr(HfApi, "create_commit", other)
    with pytest.raises(UserError, match=r"does not hold what was sent: weights/000000\.safetensors"):
        add(zoo, folder, "000000")


def manifest_digest_at(hub: LoopbackHub, commit_id: str) -> str:
    """The digest by which a commit's manifest knows itself."""
    (made,) = [made for made in hub.commits(REPO) if made.oid == commit_id]
    return json.loads(ObjectStore(hub.root / "objects").read(made.files[MANIFEST].sha256))["facts_sha256"]


def test_a_finished_dataset_has_one_tag_by_its_digest_however_often_it_is_published(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    zoo = here()
    zoo.open()
    first = zoo.complete(folder)
    name = zoo.tag(first)
    assert name == f"v{manifest_digest_at(hub, first)[:12]}"
    assert hub.tags(REPO) == {name: first}
    commit(HfApi(hub.url, hub.token), {"mine/notes.txt": b"mine"})
    assert zoo.tag(zoo.complete(folder)) == name  # the head is another commit, of the same dataset
    assert hub.tags(REPO) == {name: first}
    more = write_dataset(tmp_path / "more", shards=len(shards_of(folder)) + 1)
    larger = here(CONFIG | {"num_examples": 2 * len(shards_of(more))})
    second = larger.complete(more)
    another = larger.tag(second)
    assert another != name
    assert hub.tags(REPO) == {name: first, another: second}


def test_a_tag_that_is_overtaken_or_whose_answer_is_lost_is_found_there(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    made = here().complete(folder)
    hub.set_faults(
        [
            Fault("POST .*/tag/", "status", status=503),
            Fault("POST .*/tag/", "status", when="after", status=504),
        ]
    )
    name = here().tag(made)
    assert hub.remaining_faults() == 0
    assert hub.tags(REPO) == {name: made}


def test_a_tag_that_is_refused_is_one_line_and_the_dataset_stands(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    made = here().complete(folder)
    body = json.dumps({"error": "no tags today"})
    hub.set_faults([Fault("POST .*/tag/", "status", status=403, body=body, times=9)])
    with pytest.raises(UserError) as error:
        here().tag(made)
    line = str(error.value)
    assert line.startswith(f"the dataset is whole at {made[:12]}, but has no version tag: {REPO}: ")
    assert "(no tags today)" in line
    assert "\n" not in line
    assert hub.commits(REPO)[-1].oid == made
    hub.set_faults([])
    assert here().tag(made) in hub.tags(REPO)
