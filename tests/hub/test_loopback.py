"""The loopback hub against huggingface_hub: repositories, commits, and reading them."""

import hashlib
import json
import random
import shutil
import subprocess

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, HfFileSystem
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError

from tests.loopback_hub import LoopbackHub, git
from tests.loopback_hub.clients import REPO, ask, commit

pytest_plugins = ["tests.loopback_hub.fixtures"]

LARGE = random.Random(1).randbytes(100_000)
SHA256 = hashlib.sha256(LARGE).hexdigest()


def commit_body(key, **value):
    """The body of a commit with one operation, as clients send it."""
    lines = [{"key": "header", "value": {"summary": "x", "description": ""}}, {"key": key, "value": value}]
    return "\n".join(json.dumps(line) for line in lines).encode()


def test_create_repo(hub, api):
    api.create_repo(REPO, repo_type="dataset", exist_ok=True)
    assert [made.title for made in hub.commits(REPO)] == ["initial commit"]
    assert list(hub.tree(REPO)) == [".gitattributes"]
    with pytest.raises(HfHubHTTPError, match="already created"):
        api.create_repo(REPO, repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="rights"):
        api.create_repo("stranger/zoo", repo_type="dataset")
    assert api.whoami()["name"] == "tester"


def test_tags_name_commits_and_stay_where_they_are(hub, api, tmp_path):
    first, second = commit(api, {"a.txt": b"first"}), commit(api, {"a.txt": b"second"})
    api.create_tag(REPO, tag="v1", revision=first.oid, repo_type="dataset")
    api.create_tag(REPO, tag="v2", repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="already exists"):
        api.create_tag(REPO, tag="v1", revision=second.oid, repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="Invalid rev id"):
        api.create_tag(REPO, tag="v3", revision="0" * 40, repo_type="dataset")
    tags = {ref.name: ref.target_commit for ref in api.list_repo_refs(REPO, repo_type="dataset").tags}
    assert tags == hub.tags(REPO) == {"v1": first.oid, "v2": second.oid}
    got = api.hf_hub_download(REPO, "a.txt", revision="v1", repo_type="dataset", cache_dir=tmp_path / "cache")
    with open(got, "rb") as file:
        assert file.read() == b"first"


def test_commit_of_regular_and_large_files(hub, api, tmp_path):
    contents = {"notes/a.txt": b"one line\n", "data/train/a.parquet": LARGE, "empty": b""}
    made = commit(api, contents)

    assert hub.commits(REPO)[-1].oid == made.oid == api.dataset_info(REPO).sha
    files = {entry.path: entry for entry in api.list_repo_tree(REPO, repo_type="dataset", recursive=True)}
    regular, large = files["notes/a.txt"], files["data/train/a.parquet"]
    assert regular.blob_id == hashlib.sha1(b"blob 9\0one line\n").hexdigest()
    assert regular.lfs is None
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{SHA256}\nsize 100000\n".encode()
    assert large.blob_id == hashlib.sha1(b"blob %d\0" % len(pointer) + pointer).hexdigest()
    assert (large.size, large.lfs.size, large.lfs.pointer_size) == (100_000, 100_000, len(pointer))
    assert large.lfs.sha256 == SHA256

    for path, content in contents.items():
        got = api.hf_hub_download(REPO, path, repo_type="dataset", cache_dir=tmp_path / "cache")
        with open(got, "rb") as file:
            assert file.read() == content


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git itself, which is not installed")
def test_object_ids_are_those_of_git(tmp_path):
    files = {"a/b": b"1", "a.b": b"2", "a-b": b"3", "a0/c/d": b"4", "a0/c.d": b"", "ab/c/e/f": b"5", "é": b"6"}
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    for person in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{person}_NAME": "t", f"GIT_{person}_EMAIL": "t@h"}
        env[f"GIT_{person}_DATE"] = "1700000000 +0000"

    def run(*command):
        done = subprocess.run(["git", *command], cwd=tmp_path, env=env, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    run("init")
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    run("add", *files)
    tree = run("write-tree")
    folders = git.tree_ids({path: git.blob_id(content) for path, content in files.items()})
    assert folders[""] == tree
    assert folders["ab/c"] == run("rev-parse", f"{tree}:ab/c")
    assert set(folders) == {"", "a", "a0", "a0/c", "ab", "ab/c", "ab/c/e"}

    about = {"tree": tree, "author": "t <t@h>", "seconds": 1_700_000_000}
    first = run("commit-tree", tree, "-m", "one")
    second = run("commit-tree", tree, "-p", first, "-m", "two")
    assert git.commit_id(**about, parent=None, message="one\n") == first
    assert git.commit_id(**about, parent=first, message="two\n") == second


def test_unchanged_files_are_neither_sent_nor_committed_again(hub, api):
    first = commit(api, {"a.bin": LARGE, "b.txt": b"b"})
    again = commit(api, {"a.bin": LARGE, "b.txt": b"b"})
    assert again.oid == first.oid
    assert len(hub.commits(REPO)) == 2
    commit(api, {"copy.bin": LARGE})
    assert len(hub.log("PUT /lfs-storage/")) == 1


def test_parent_commit_must_be_the_head(hub, api):
    first = commit(api, {"a.txt": b"a"})
    second = commit(api, {"b.txt": b"b"}, parent_commit=first.oid)
    with pytest.raises(HfHubHTTPError, match="A commit has happened since") as error:
        commit(api, {"c.txt": b"c"}, parent_commit=first.oid)
    assert error.value.response.status_code == 412
    assert hub.commits(REPO)[-1].oid == second.oid
    assert hub.commits(REPO)[-1].parent == first.oid


def test_deletion_and_history(hub, api):
    commit(api, {"a.txt": b"a", "d/b.txt": b"b"})
    gone = [CommitOperationDelete("a.txt")]
    api.create_commit(REPO, gone, commit_message="delete", commit_description="why", repo_type="dataset")
    assert sorted(hub.tree(REPO)) == [".gitattributes", "d/b.txt"]
    history = [(made.title, made.message) for made in api.list_repo_commits(REPO, repo_type="dataset")]
    assert history == [("delete", "why"), ("add", ""), ("initial commit", "")]
    with pytest.raises(EntryNotFoundError):
        api.create_commit(REPO, gone, commit_message="again", repo_type="dataset")


@pytest.mark.parametrize("path", ["/etc/passwd", "../a", "a/../b", ".git/config", "a//b", ""])
def test_paths_that_leave_the_repository_are_refused(hub, api, path):
    body = commit_body("file", path=path, content="YQ==", encoding="base64")
    assert ask(hub, "POST", f"/api/datasets/{REPO}/commit/main", body)[0] == 400
    assert len(hub.commits(REPO)) == 1


@pytest.mark.parametrize("body", [b"", b"\xff", b'{"key": "file", "value": {}}', commit_body("rename", path="a")])
def test_what_is_no_commit_is_refused(hub, api, body):
    assert ask(hub, "POST", f"/api/datasets/{REPO}/commit/main", body)[0] == 400
    assert len(hub.commits(REPO)) == 1


def test_large_files_must_be_uploaded_before_their_commit(hub, api):
    assert ask(hub, "PUT", f"/lfs-storage/{SHA256}", LARGE[:-1])[0] == 400
    body = commit_body("lfsFile", path="a.bin", algo="sha256", oid=SHA256, size=len(LARGE))
    status, answer = ask(hub, "POST", f"/api/datasets/{REPO}/commit/main", body)
    assert (status, b"does not exist" in answer) == (400, True)
    assert len(hub.commits(REPO)) == 1
    assert ask(hub, "PUT", f"/lfs-storage/{SHA256}", LARGE)[0] == 200
    assert ask(hub, "POST", f"/api/datasets/{REPO}/commit/main", body)[0] == 200


def test_upload_modes(hub, api):
    operations = [
        CommitOperationAdd("a.txt", b"text"),
        CommitOperationAdd("b.txt", b"zero \0 byte"),
        CommitOperationAdd("c/d.parquet", b"by its name"),
        CommitOperationAdd("e.json", b" " * 10_000_001),
        CommitOperationAdd("f.npz", b""),
    ]
    api.preupload_lfs_files(REPO, operations, repo_type="dataset")
    modes = {operation.path_in_repo: operation._upload_mode for operation in operations}
    assert modes == {
        "a.txt": "regular",
        "b.txt": "lfs",
        "c/d.parquet": "lfs",
        "e.json": "lfs",
        "f.npz": "regular",
    }


def test_metadata_of_the_card(hub, api):
    with pytest.raises(ValueError, match=r"Invalid metadata in README\.md"):
        commit(api, {"README.md": b"---\nlicense: [\n---\n"})
    with pytest.raises(ValueError, match="not a mapping"):
        commit(api, {"README.md": b"---\n- a\n---\n"})
    assert len(hub.commits(REPO)) == 1
    with pytest.warns(UserWarning, match="empty or missing yaml"):
        commit(api, {"README.md": b"# no metadata\n"})
    commit(api, {"README.md": b"---\nlicense: mit\n---\n# metadata\n"})
    assert api.dataset_info(REPO).card_data["license"] == "mit"


def test_trees_and_histories_come_in_pages(tmp_path):
    with LoopbackHub(tmp_path / "hub", page_size=3) as hub:
        api = HfApi(endpoint=hub.url, token=hub.token)
        api.create_repo(REPO, repo_type="dataset")
        names = [f"f{i}.txt" for i in range(7)] + ["d/x.txt", "d/e/y.txt"]
        commit(api, {name: name.encode() for name in names})
        tree = [entry.path for entry in api.list_repo_tree(REPO, repo_type="dataset", recursive=True)]
        assert sorted(tree) == sorted([*names, ".gitattributes", "d", "d/e"])
        assert len(hub.log("GET .*/tree/main")) == 4
        below = [entry.path for entry in api.list_repo_tree(REPO, "d", repo_type="dataset")]
        assert below == ["d/e", "d/x.txt"]
        with pytest.raises(EntryNotFoundError):
            list(api.list_repo_tree(REPO, "nothing", repo_type="dataset"))
        for number in range(3):
            commit(api, {"n.txt": str(number).encode()})
        assert len(api.list_repo_commits(REPO, repo_type="dataset")) == len(hub.commits(REPO)) == 5
        assert len(hub.log("GET .*/commits/main")) == 2


def test_paths_info(api):
    commit(api, {"d/a.txt": b"a", "é +%.txt": b"b"})
    found = api.get_paths_info(REPO, ["d/a.txt", "d", "é +%.txt", "nothing"], repo_type="dataset")
    assert [entry.path for entry in found] == ["d/a.txt", "d", "é +%.txt"]
    assert (found[0].size, found[0].blob_id) == (1, hashlib.sha1(b"blob 1\0a").hexdigest())
    assert api.file_exists(REPO, "é +%.txt", repo_type="dataset")
    assert not api.file_exists(REPO, "nothing", repo_type="dataset")


def test_ranges(hub, api):
    commit(api, {"a.bin": LARGE})
    path = f"/datasets/{REPO}/resolve/main/a.bin"
    ranges = {"5-9": LARGE[5:10], "99990-": LARGE[99_990:], "-7": LARGE[-7:], "0-999999": LARGE}
    for wanted, content in ranges.items():
        assert ask(hub, "GET", path, headers={"Range": f"bytes={wanted}"}) == (206, content)
    assert ask(hub, "GET", path, headers={"Range": "bytes=100000-"})[0] == 416
    files = HfFileSystem(endpoint=hub.url, token=hub.token, skip_instance_cache=True)
    with files.open(f"datasets/{REPO}/a.bin", block_size=1000) as file:
        file.seek(50_000)
        assert file.read(10) == LARGE[50_000:50_010]
    assert hub.log("GET .*/resolve/")[-1]["status"] == 206


def test_older_revisions_stay(hub, api):
    old = commit(api, {"a.txt": b"old"})
    commit(api, {"a.txt": b"new"})
    for revision, content in [(old.oid, b"old"), ("main", b"new")]:
        assert ask(hub, "GET", f"/datasets/{REPO}/resolve/{revision}/a.txt") == (200, content)
    with pytest.raises(HfHubHTTPError, match="Revision Not Found"):
        api.dataset_info(REPO, revision="0" * 40)


def test_who_may_see_and_write(hub, api):
    api.create_repo("tester/secret", repo_type="dataset", private=True)
    stranger, forger = HfApi(endpoint=hub.url, token=False), HfApi(endpoint=hub.url, token="hf_forged")
    assert stranger.dataset_info(REPO).id == REPO
    assert api.dataset_info("tester/secret").private
    for repo in ("tester/secret", "tester/nothing"):
        with pytest.raises(RepositoryNotFoundError) as refused:
            stranger.dataset_info(repo)
        assert refused.value.response.status_code == 401
    with pytest.raises(RepositoryNotFoundError) as missing:
        api.dataset_info("tester/nothing")
    assert missing.value.response.status_code == 404
    for repo in (REPO, "tester/secret"):
        with pytest.raises(HfHubHTTPError, match="Invalid credentials") as refused:
            forger.dataset_info(repo)
        assert refused.value.response.status_code == 401
    for client in (stranger, forger):
        with pytest.raises(HfHubHTTPError) as refused:
            commit(client, {"a.txt": b"a"})
        assert refused.value.response.status_code == 401
    assert hub.token not in (hub.root / "requests.jsonl").read_text()
