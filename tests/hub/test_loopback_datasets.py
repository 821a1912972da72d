"""The loopback hub with whole datasets, by LFS and by Xet: huggingface_hub, hf_xet and datasets."""

import hashlib
import json
import random
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.loopback_hub import Fault
from tests.loopback_hub.clients import REPO, run_client
from tests.loopback_hub.xet_store import XetStore

pytest_plugins = ["tests.loopback_hub.fixtures"]

LARGE = random.Random(1).randbytes(100_000)
CARD = """---
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
ROWS = {
    "data/train/0.parquet": [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}],
    "data/train/1.parquet": [{"id": 3, "text": "c"}],
    "data/test/0.parquet": [{"id": 4, "text": "d"}],
}
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
import datasets, json
train = datasets.load_dataset("tester/zoo")["train"].to_list()
test = datasets.load_dataset("tester/zoo", "short")["test"].to_list()
print(json.dumps({"train": train, "test": test}))
"""
FETCH = """
import hashlib, huggingface_hub, pathlib
got = huggingface_hub.hf_hub_download("tester/zoo", "weights/a.safetensors", repo_type="dataset")
print(hashlib.sha256(pathlib.Path(got).read_bytes()).hexdigest())
"""


@pytest.fixture
def folder(tmp_path):
    """A small dataset: two configs, three Parquet files, one large binary file."""
    folder = tmp_path / "folder"
    for path, rows in ROWS.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / path)
    (folder / "weights").mkdir()
    (folder / "weights" / "a.safetensors").write_bytes(LARGE)
    (folder / "README.md").write_text(CARD)
    return folder


def sha256_of_files(folder):
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.mark.parametrize("xet", [False, True])
def test_dataset_goes_up_and_comes_back(hub, folder, tmp_path, xet):
    run_client(hub, tmp_path / "uploader", UPLOAD, xet=xet, FOLDER=str(folder))
    tree = hub.tree(REPO)
    del tree[".gitattributes"]
    assert tree == sha256_of_files(folder)
    assert len(hub.log("PUT /lfs-storage/")) == (0 if xet else 4)
    assert len(hub.log("GET .*/xet-write-token/main")) == (1 if xet else 0)

    loaded = json.loads(run_client(hub, tmp_path / "fresh", LOAD, xet=xet))
    assert loaded["train"] == ROWS["data/train/0.parquet"] + ROWS["data/train/1.parquet"]
    assert loaded["test"] == ROWS["data/test/0.parquet"]
    assert bool(hub.log("GET .*/xet-read-token/")) == xet

    other_way = run_client(hub, tmp_path / "other", FETCH, xet=not xet)
    assert other_way.strip() == hashlib.sha256(LARGE).hexdigest()


def test_xet_uploads_survive_deaths(hub, folder, tmp_path):
    """Server and client die when the contents are up and the commit is not made; later all is there."""
    hub.set_faults([Fault("POST .*/commit/", "die")])
    env = hub.client_env(tmp_path / "cache", xet=True) | {"FOLDER": str(folder)}
    client = subprocess.Popen([sys.executable, "-c", UPLOAD], env=env, stderr=subprocess.DEVNULL)
    try:
        hub.wait_until_dead(30)
    finally:
        client.kill()
        client.wait(10)
    hub.restart()
    run_client(hub, tmp_path / "cache", UPLOAD, xet=True, FOLDER=str(folder))
    assert [made.title for made in hub.commits(REPO)] == ["initial commit", "all"]
    hub.restart()
    assert run_client(hub, tmp_path / "fresh", FETCH, xet=True).strip() == hashlib.sha256(LARGE).hexdigest()


def test_xet_store_reads_what_hf_xet_writes(tmp_path):
    """Files of one byte to many chunks, found and read while the writer still holds the store's database."""
    from hf_xet import COMPUTE_SHA256, XetSession

    store = XetStore(tmp_path)
    contents = [random.Random(size).randbytes(size) for size in (1, 1000, 70_000, 1_000_000)]
    contents.append(b"ab" * 200_000)
    session = XetSession()
    for batch in (contents[:2], contents[2:]):
        uploads = session.new_upload_commit(
            endpoint=store.write_url, token="t", token_expiry_unix_secs=int(time.time()) + 600
        )
        with uploads:
            handles = [uploads.start_upload_bytes(content, sha256=COMPUTE_SHA256) for content in batch]
        store.checkpoint()
        for content, handle in zip(batch, handles, strict=True):
            info = handle.result().xet_info
            file = store.find(hashlib.sha256(content).hexdigest())
            assert (file.hash, file.sha256, file.size) == (info.hash, info.sha256, len(content))
    for content in contents:
        assert XetStore(tmp_path).read(store.find(hashlib.sha256(content).hexdigest())) == content
    assert store.find("0" * 64) is None
