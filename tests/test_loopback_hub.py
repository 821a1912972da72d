"""The loopback hub against the real clients: huggingface_hub, hf_xet and datasets."""

import hashlib
import http.client
import json
import random
import shutil
import socket
import subprocess
import sys
import time

import httpx2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, HfFileSystem, constants
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError
from loopback_hub import Fault, LoopbackHub, git
from loopback_hub.storage import RepoStore
from loopback_hub.xet_store import XetStore

REPO = "tester/zoo"
LARGE = random.Random(1).randbytes(100_000)
CARD = b"""---
license: mit
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train/*.parquet
- config_name: short
  data_files:
  - split: test
    path: data/test/*.parquet
---
# A dataset
"""


@pytest.fixture
def hub(tmp_path):
    with LoopbackHub(tmp_path / "hub") as running:
        yield running
    assert running.errors() == ""


@pytest.fixture
def api(hub, monkeypatch):
    """A client in this process, in LFS mode, with the repository REPO."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    client = HfApi(endpoint=hub.url, token=hub.token)
    client.create_repo(REPO, repo_type="dataset")
    return client


def commit(client, files, **options):
    """Add files, {path: content}, in one commit."""
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    options = {"commit_message": "add", "repo_type": "dataset"} | options
    return client.create_commit(REPO, operations, **options)


def ask(hub, method, path, body=None, headers=None):
    """One request without any client library: status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=20)
    try:
        headers = {"Authorization": f"Bearer {hub.token}"} | (headers or {})
        connection.request(method, path, body, {name: value for name, value in headers.items() if value})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def run_client(hub, cache, code, *, xet, **variables):
    """Run Python code in a process of its own that knows nothing but the hub; returns what it prints."""
    env = hub.client_env(cache, xet=xet) | variables
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, timeout=50, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Repositories and commits


def test_create_repo(hub, api):
    api.create_repo(REPO, repo_type="dataset", exist_ok=True)
    assert [made.title for made in hub.commits(REPO)] == ["initial commit"]
    assert list(hub.tree(REPO)) == [".gitattributes"]
    with pytest.raises(HfHubHTTPError, match="already created"):
        api.create_repo(REPO, repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="rights"):
        api.create_repo("stranger/zoo", repo_type="dataset")
    assert api.whoami()["name"] == "tester"


def test_commit_of_regular_and_large_files(hub, api, tmp_path):
    regular = b"one line\n"
    made = commit(api, {"notes/a.txt": regular, "data/train/a.parquet": LARGE, "empty": b""})

    assert hub.commits(REPO)[-1].oid == made.oid == api.dataset_info(REPO).sha
    files = {entry.path: entry for entry in api.list_repo_tree(REPO, repo_type="dataset", recursive=True)}
    assert files["notes/a.txt"].blob_id == hashlib.sha1(b"blob 9\0" + regular).hexdigest()
    assert files["notes/a.txt"].lfs is None
    assert files["data/train/a.parquet"].lfs.sha256 == hashlib.sha256(LARGE).hexdigest()
    assert files["data/train/a.parquet"].lfs.size == files["data/train/a.parquet"].size == len(LARGE)
    pointer = (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{hashlib.sha256(LARGE).hexdigest()}\nsize 100000\n"
    ).encode()
    assert files["data/train/a.parquet"].lfs.pointer_size == len(pointer)
    pointer_id = hashlib.sha1(b"blob %d\0" % len(pointer) + pointer).hexdigest()
    assert files["data/train/a.parquet"].blob_id == pointer_id

    for path, content in [("notes/a.txt", regular), ("data/train/a.parquet", LARGE), ("empty", b"")]:
        got = api.hf_hub_download(REPO, path, repo_type="dataset", cache_dir=tmp_path / "cache")
        with open(got, "rb") as file:
            assert file.read() == content


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git itself")
def test_object_ids_are_those_of_git(tmp_path):
    files = {
        "a/b": b"1",
        "a.b": b"2",
        "a-b": b"3",
        "a0/c/d": b"4",
        "a0/c.d": b"",
        "ab/c/e/f": b"5",
        "\u00e9": b"6",
    }
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    env |= {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in [("NAME", "t"), ("EMAIL", "t@h"), ("DATE", "1700000000 +0000")]
    }

    def run(*command):
        done = subprocess.run(
            ["git", *command], cwd=tmp_path, env=env, check=True, capture_output=True, text=True
        )
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
    assert git.commit_id(**about, parent=None, message="one\n") == first
    assert git.commit_id(**about, parent=first, message="two\n") == run(
        "commit-tree", tree, "-p", first, "-m", "two"
    )


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
    api.create_commit(
        REPO,
        [CommitOperationDelete("a.txt")],
        commit_message="delete",
        commit_description="why",
        repo_type="dataset",
    )
    assert sorted(hub.tree(REPO)) == [".gitattributes", "d/b.txt"]
    history = api.list_repo_commits(REPO, repo_type="dataset")
    assert [(made.title, made.message) for made in history] == [
        ("delete", "why"),
        ("add", ""),
        ("initial commit", ""),
    ]
    with pytest.raises(EntryNotFoundError):
        api.create_commit(REPO, [CommitOperationDelete("a.txt")], commit_message="again", repo_type="dataset")


@pytest.mark.parametrize("path", ["/etc/passwd", "../a", "a/../b", ".git/config", "a//b", ""])
def test_paths_that_leave_the_repository_are_refused(hub, api, path):
    lines = [
        {"key": "header", "value": {"summary": "x", "description": ""}},
        {"key": "file", "value": {"path": path, "content": "YQ==", "encoding": "base64"}},
    ]
    body = "\n".join(json.dumps(line) for line in lines)
    assert ask(hub, "POST", f"/api/datasets/{REPO}/commit/main", body)[0] == 400
    assert len(hub.commits(REPO)) == 1


def test_large_files_must_be_uploaded_before_their_commit(hub, api):
    sha256 = hashlib.sha256(LARGE).hexdigest()
    assert ask(hub, "PUT", f"/lfs-storage/{sha256}", LARGE[:-1])[0] == 400
    value = {"path": "a.bin", "algo": "sha256", "oid": sha256, "size": len(LARGE)}
    lines = [
        {"key": "header", "value": {"summary": "x", "description": ""}},
        {"key": "lfsFile", "value": value},
    ]
    body = "\n".join(json.dumps(line) for line in lines)
    status, answer = ask(hub, "POST", f"/api/datasets/{REPO}/commit/main", body)
    assert (status, b"does not exist" in answer) == (400, True)
    assert len(hub.commits(REPO)) == 1


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
    with pytest.raises(ValueError, match="Invalid metadata in README.md"):
        commit(api, {"README.md": b"---\nlicense: [\n---\n"})
    with pytest.raises(ValueError, match="not a mapping"):
        commit(api, {"README.md": b"---\n- a\n---\n"})
    with pytest.warns(UserWarning, match="empty or missing yaml"):
        commit(api, {"README.md": b"# no metadata\n"})
    commit(api, {"README.md": CARD})
    assert api.dataset_info(REPO).card_data["license"] == "mit"


# Reading


def test_tree_in_pages(tmp_path, hub):
    hub.stop()
    paged = LoopbackHub(hub.root, port=hub.port, page_size=3)
    with paged:
        api = HfApi(endpoint=paged.url, token=paged.token)
        api.create_repo(REPO, repo_type="dataset")
        names = [f"f{i}.txt" for i in range(7)] + ["d/x.txt", "d/e/y.txt"]
        commit(api, {name: name.encode() for name in names})
        tree = [entry.path for entry in api.list_repo_tree(REPO, repo_type="dataset", recursive=True)]
        assert sorted(tree) == sorted([*names, ".gitattributes", "d", "d/e"])
        assert len(paged.log("GET .*/tree/main")) == 4
        below = [entry.path for entry in api.list_repo_tree(REPO, "d", repo_type="dataset")]
        assert below == ["d/e", "d/x.txt"]
        with pytest.raises(EntryNotFoundError):
            list(api.list_repo_tree(REPO, "nothing", repo_type="dataset"))
        for number in range(3):
            commit(api, {"n.txt": str(number).encode()})
        assert len(api.list_repo_commits(REPO, repo_type="dataset")) == len(paged.commits(REPO)) == 5


def test_paths_info(api):
    commit(api, {"d/a.txt": b"a", "\u00e9 +%.txt": b"b"})
    found = api.get_paths_info(REPO, ["d/a.txt", "d", "\u00e9 +%.txt", "nothing"], repo_type="dataset")
    assert [entry.path for entry in found] == ["d/a.txt", "d", "\u00e9 +%.txt"]
    assert api.file_exists(REPO, "\u00e9 +%.txt", repo_type="dataset")
    assert not api.file_exists(REPO, "nothing", repo_type="dataset")
    assert api.get_paths_info(REPO, ["\u00e9 +%.txt"], repo_type="dataset")[0].size == 1


def test_ranges(hub, api):
    commit(api, {"a.bin": LARGE})
    path = f"/datasets/{REPO}/resolve/main/a.bin"
    for wanted, slice_ in [
        ("5-9", slice(5, 10)),
        ("99990-", slice(99990, None)),
        ("-7", slice(-7, None)),
        ("0-999999", slice(None)),
    ]:
        assert ask(hub, "GET", path, headers={"Range": f"bytes={wanted}"}) == (206, LARGE[slice_])
    assert ask(hub, "GET", path, headers={"Range": "bytes=100000-"})[0] == 416
    files = HfFileSystem(endpoint=hub.url, token=hub.token, skip_instance_cache=True)
    with files.open(f"datasets/{REPO}/a.bin", block_size=1000) as file:
        file.seek(50_000)
        assert file.read(10) == LARGE[50_000:50_010]
    assert max(entry["status"] for entry in hub.log("GET .*/resolve/")[-1:]) == 206


def test_older_revisions_stay(hub, api, tmp_path):
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
    assert "hf_" not in (hub.root / "requests.jsonl").read_text()


# Faults


def test_status_before_and_after_the_effect(hub, api):
    before = Fault("POST .*/commit/", "status", status=429, headers={"Retry-After": "7"})
    after = Fault("POST .*/commit/", "status", when="after", status=504)
    hub.set_faults([before, after])
    with pytest.raises(HfHubHTTPError) as error:
        commit(api, {"a.txt": b"a"})
    assert (error.value.response.status_code, error.value.response.headers["Retry-After"]) == (429, "7")
    assert len(hub.commits(REPO)) == 1
    with pytest.raises(HfHubHTTPError) as error:
        commit(api, {"a.txt": b"a"})
    assert error.value.response.status_code == 504
    assert len(hub.commits(REPO)) == 2
    assert hub.remaining_faults() == 0
    assert [entry["status"] for entry in hub.log("/commit/")] == [429, 504]


@pytest.mark.parametrize("when", ["body", "before", "after"])
@pytest.mark.parametrize(
    ("kind", "exception"),
    [
        ("reset", (httpx2.ReadError, httpx2.WriteError)),
        ("disconnect", httpx2.RemoteProtocolError),
        ("silence", httpx2.RemoteProtocolError),
    ],
)
def test_answers_that_never_come(hub, api, kind, when, exception):
    hub.set_faults([Fault("POST .*/commit/", kind, when=when, seconds=0.3)])
    start = time.monotonic()
    with pytest.raises(exception):
        commit(api, {"a.txt": b"a" * 1000})
    assert time.monotonic() - start >= (0.3 if kind == "silence" else 0)
    assert len(hub.commits(REPO)) == (2 if when == "after" else 1)
    assert hub.log("/commit/")[-1]["fault"] == kind
    commit(api, {"a.txt": b"a" * 1000})
    assert len(hub.commits(REPO)) == 2


def test_truncated_answer(hub, api):
    hub.set_faults([Fault("POST .*/commit/", "truncate"), Fault("GET .*/resolve/", "truncate")])
    with pytest.raises(httpx2.RemoteProtocolError):
        commit(api, {"a.bin": LARGE})
    assert len(hub.commits(REPO)) == 2
    with pytest.raises(http.client.IncompleteRead) as error:
        ask(hub, "GET", f"/datasets/{REPO}/resolve/main/a.bin")
    assert error.value.partial == LARGE[:50_000]


def test_foreign_commit_comes_first(hub, api):
    head = hub.commits(REPO)[-1].oid
    hub.set_faults([Fault("POST .*/commit/", "foreign_commit")])
    with pytest.raises(HfHubHTTPError, match="412"):
        commit(api, {"a.txt": b"a"}, parent_commit=head)
    assert [made.title for made in hub.commits(REPO)] == ["initial commit", "foreign commit"]
    commit(api, {"a.txt": b"a"}, parent_commit=hub.commits(REPO)[-1].oid)
    assert sorted(hub.tree(REPO)) == [".gitattributes", "a.txt", "foreign/1.txt"]


def test_faults_are_counted(hub):
    hub.set_faults([Fault("GET /api/whoami", "status", status=500, skip=1, times=2), Fault("HEAD", "reset")])
    assert hub.remaining_faults() == 3
    assert [ask(hub, "GET", "/api/whoami-v2")[0] for _ in range(4)] == [200, 500, 500, 200]
    assert hub.remaining_faults() == 1
    hub.set_faults([Fault("whoami", "delay", seconds=0.3)])
    start = time.monotonic()
    assert ask(hub, "GET", "/api/whoami-v2")[0] == 200
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize(
    "wrong", [{"kind": "flood"}, {"kind": "truncate", "when": "before"}, {"kind": "silence", "seconds": 1e6}]
)
def test_impossible_faults_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        Fault("x", **wrong)


def test_clients_retry_what_they_retry(hub, api):
    """huggingface_hub itself tries the preupload again, after a second; a fault is over after its count."""
    hub.set_faults([Fault("POST .*/preupload/", "status", status=503)])
    commit(api, {"a.txt": b"a"})
    assert [entry["status"] for entry in hub.log("/preupload/")] == [503, 200]


# Deaths


def test_kill_and_restart_keep_everything(hub, api, tmp_path):
    made = commit(api, {"a.bin": LARGE, "b.txt": b"b"})
    before, url = (hub.commits(REPO), hub.tree(REPO)), hub.url
    hub.set_faults([Fault("GET", "reset", times=100)])
    hub.kill()
    assert (hub.commits(REPO), hub.tree(REPO)) == before
    with pytest.raises(httpx2.ConnectError):
        api.dataset_info(REPO)
    hub.restart()
    assert hub.url == url
    assert api.dataset_info(REPO).sha == made.oid
    assert ask(hub, "GET", f"/datasets/{REPO}/resolve/main/a.bin") == (200, LARGE)
    commit(api, {"c.txt": b"c"}, parent_commit=made.oid)
    assert len(hub.log("/commit/")) == 2


@pytest.mark.parametrize(("when", "commits"), [("body", 1), ("before", 1), ("after", 2)])
def test_server_dies_at_a_given_moment(hub, api, when, commits):
    hub.set_faults([Fault("POST .*/commit/", "die", when=when)])
    with pytest.raises(httpx2.TransportError):
        commit(api, {"a.txt": b"a" * 1000})
    hub.wait_until_dead(10)
    assert not hub.alive()
    assert len(hub.commits(REPO)) == commits
    hub.restart()
    commit(api, {"a.txt": b"a" * 1000})
    assert len(hub.commits(REPO)) == 2


def test_request_cut_short_has_no_effect(hub, api):
    body = b'{"key": "header", "value": {"summary": "x", "description": ""}}\n'
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as connection:
        head = f"POST /api/datasets/{REPO}/commit/main HTTP/1.1\r\nAuthorization: Bearer {hub.token}\r\n"
        connection.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % (len(body) + 50) + body)
    deadline = time.monotonic() + 10
    while not hub.log("/commit/") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [(entry["status"], entry["received"]) for entry in hub.log("/commit/")] == [(None, len(body))]
    assert len(hub.commits(REPO)) == 1


def test_server_ends_with_its_parent(tmp_path):
    code = (
        "import os, sys\n"
        "from loopback_hub import LoopbackHub\n"
        "hub = LoopbackHub(sys.argv[1]); hub.start(); print(hub.port, flush=True); os._exit(1)\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "hub")],
        cwd=__import__("pathlib").Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    port, deadline = int(parent.stdout), time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.02)
    pytest.fail("the server outlived its parent")


def test_failure_to_start_is_told(tmp_path, hub):
    with pytest.raises(RuntimeError, match="Address already in use"):
        LoopbackHub(tmp_path / "other", port=hub.port).start()


# Xet, and whole datasets


UPLOAD = """
import os, pathlib
from huggingface_hub import CommitOperationAdd, HfApi
folder = pathlib.Path(os.environ["FOLDER"])
files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
api = HfApi()
api.create_repo("tester/zoo", repo_type="dataset", exist_ok=True)
operations = [CommitOperationAdd(str(path.relative_to(folder)), path) for path in files]
api.create_commit("tester/zoo", operations, commit_message="all", repo_type="dataset")
"""
LOAD = """
import datasets, json, os
short = datasets.load_dataset("tester/zoo", "short")
print(json.dumps({"train": datasets.load_dataset("tester/zoo")["train"].to_list(), "test": short["test"].to_list()}))
"""
FETCH = """
import hashlib, huggingface_hub, pathlib
got = huggingface_hub.hf_hub_download("tester/zoo", "weights/a.safetensors", repo_type="dataset")
print(hashlib.sha256(pathlib.Path(got).read_bytes()).hexdigest())
"""


@pytest.fixture
def folder(tmp_path):
    """A small dataset: two configs, three Parquet files, one large binary file."""
    rows = {
        "data/train/0.parquet": {"id": [1, 2], "text": ["a", "b"]},
        "data/train/1.parquet": {"id": [3], "text": ["c"]},
        "data/test/0.parquet": {"id": [4], "text": ["d"]},
    }
    for path, columns in rows.items():
        (tmp_path / "folder" / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), tmp_path / "folder" / path)
    (tmp_path / "folder" / "weights").mkdir()
    (tmp_path / "folder" / "weights" / "a.safetensors").write_bytes(LARGE)
    (tmp_path / "folder" / "README.md").write_bytes(CARD)
    return tmp_path / "folder"


@pytest.mark.parametrize("xet", [False, True])
def test_dataset_goes_up_and_comes_back(hub, folder, tmp_path, xet):
    run_client(hub, tmp_path / "uploader", UPLOAD, xet=xet, FOLDER=str(folder))
    local = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert {path: sha256 for path, sha256 in hub.tree(REPO).items() if path != ".gitattributes"} == local
    assert len(hub.log("PUT /lfs-storage/")) == (0 if xet else 4)
    assert len(hub.log("GET .*/xet-write-token/main")) == (1 if xet else 0)

    loaded = json.loads(run_client(hub, tmp_path / "fresh", LOAD, xet=xet))
    assert loaded["train"] == [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}, {"id": 3, "text": "c"}]
    assert loaded["test"] == [{"id": 4, "text": "d"}]
    assert bool(hub.log("GET .*/xet-read-token/")) == xet

    other_way = run_client(hub, tmp_path / "other", FETCH, xet=not xet)
    assert other_way.strip() == hashlib.sha256(LARGE).hexdigest()


def test_xet_uploads_survive_deaths(hub, folder, tmp_path):
    """Killed after the content is up: the next client finds it, and a restarted server knows it."""
    hub.set_faults([Fault("POST .*/commit/", "die")])
    env = hub.client_env(tmp_path / "cache", xet=True) | {"FOLDER": str(folder)}
    client = subprocess.Popen([sys.executable, "-c", UPLOAD], env=env, stderr=subprocess.DEVNULL)
    hub.wait_until_dead(30)
    client.kill()
    client.wait(10)
    hub.restart()
    run_client(hub, tmp_path / "cache", UPLOAD, xet=True, FOLDER=str(folder))
    assert [made.title for made in hub.commits(REPO)] == ["initial commit", "all"]
    hub.kill()
    hub.restart()
    assert run_client(hub, tmp_path / "fresh", FETCH, xet=True).strip() == hashlib.sha256(LARGE).hexdigest()


def test_xet_store_reads_what_hf_xet_writes(tmp_path):
    """Sizes from nothing to several chunks; all are found while the writer still holds its database."""
    from hf_xet import COMPUTE_SHA256, XetSession

    store = XetStore(tmp_path)
    contents = [random.Random(size).randbytes(size) for size in (1, 1000, 70_000, 1_000_000)] + [
        b"ab" * 200_000
    ]
    session = XetSession()
    for batch in (contents[:2], contents[2:]):
        with session.new_upload_commit(
            endpoint=store.write_url, token="t", token_expiry_unix_secs=int(time.time()) + 600
        ) as uploads:
            handles = [uploads.start_upload_bytes(content, sha256=COMPUTE_SHA256) for content in batch]
        store.checkpoint()
        for content, handle in zip(batch, handles, strict=True):
            info = handle.result().xet_info
            file = store.find(hashlib.sha256(content).hexdigest())
            assert (file.hash, file.sha256, file.size) == (info.hash, info.sha256, len(content))
    for content in contents:
        assert XetStore(tmp_path).read(store.find(hashlib.sha256(content).hexdigest())) == content
    assert store.find("0" * 64) is None


def test_client_environment(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    env = hub.client_env(tmp_path, xet=False)
    assert env["HF_ENDPOINT"] == hub.url
    assert "HF_HUB_OFFLINE" not in env
    assert "HTTPS_PROXY" not in env
    assert RepoStore(tmp_path).load("tester/nothing") is None
    assert hub.commits("tester/nothing") == []
