"""The pipeline publishes while it runs, goes on where it was stopped, and leaves no token anywhere."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from tests.loopback_hub import Fault, LoopbackHub
from tests.loopback_hub.clients import run_client
from tests.loopback_hub.storage import ObjectStore
from tests.pipeline import ROOT, SMALL, snakemake, succeed
from tests.published_zoo import digests, ours

pytestmark = pytest.mark.workflow
REPO = "tester/zoo"
CANARY = "canary-RHJ1bW1lci1Ub2tlbg"
SETTINGS = [
    "examples_per_job=4",
    "ranges_per_shard=1",
    "expected_acceptance=0.9",
    f"publish={{repo_id: {REPO}, every_shards: 1}}",
]


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[LoopbackHub]:
    """A hub whose user's token is CANARY; this process's environment leads there and nowhere else."""
    folder = tmp_path_factory.mktemp("hub")
    with LoopbackHub(folder / "hub", token=CANARY) as running, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("HF_", "HUGGING"))]:
            patch.delenv(name)
        for name, value in running.client_env(folder / "cache", xet=False).items():
            patch.setenv(name, value)
        yield running
    assert running.errors() == ""


@pytest.fixture(autouse=True)
def no_faults_left(hub) -> Iterator[None]:
    """No test meets the faults of one that failed."""
    yield
    hub.set_faults([])


def run(folder: Path, wanted: int, *more: str) -> subprocess.CompletedProcess:
    return snakemake(folder, "--config", f"num_examples={wanted}", *SETTINGS, *more, cores=2)


@pytest.fixture(scope="module")
def published(hub, tmp_path_factory) -> tuple[Path, str]:
    """A folder where 6 examples were made and published, and what was printed."""
    folder = tmp_path_factory.mktemp("published")
    return folder, succeed(run(folder, 6))


def check_head(hub: LoopbackHub, folder: Path) -> None:
    """The head is the dataset folder, and every commit's manifest names exactly what its tree holds."""
    assert ours(hub.commits(REPO)[-1]) == digests(folder / "results/dataset")
    objects = ObjectStore(hub.root / "objects")
    for commit in hub.commits(REPO)[1:]:
        tree = ours(commit)
        manifest = json.loads(objects.read(tree.pop("manifest.json")))
        assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == tree
        assert "publish" not in manifest["config"]
        assert manifest["environment"]["numpy"]
        assert manifest["finished"] is (commit.title == "The whole dataset")


def assert_no_token(folder: Path, printed: str, token: str = CANARY) -> None:
    assert token not in printed
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any("logs" in path.parts for path in files)
    assert not [path for path in files if token.encode() in path.read_bytes()]


def test_shards_are_published_while_others_are_made(hub, published):
    folder, _ = published
    check_head(hub, folder)
    titles = [commit.title for commit in hub.commits(REPO)]
    assert titles[:2] == ["initial commit", "Shard 000000"]
    assert titles[-1] == "The whole dataset"
    assert len(set(titles)) == len(titles)
    first = hub.log("POST .*/commit/")[0]["time"]
    assert first < (folder / "results/dataset/manifest.json").stat().st_mtime
    repository = json.loads((hub.root / "repos" / f"{REPO}.json").read_text())
    assert repository["private"]
    digest = json.loads((folder / "results/dataset/manifest.json").read_text())["facts_sha256"]
    assert hub.tags(REPO) == {f"v{digest[:12]}": hub.commits(REPO)[-1].oid}
    receipt = json.loads((folder / "results/published/000000.json").read_text())
    assert receipt["commit"] == hub.commits(REPO)[1].oid
    assert {name: entry["sha256"] for name, entry in receipt["files"].items()}.items() <= hub.tree(REPO).items()


def test_the_token_is_in_no_byte(hub, published):
    assert_no_token(*published)


@pytest.mark.parametrize("xet", [False, True], ids=["lfs", "xet"])
def test_it_is_read_back_equal_from_a_fresh_cache(hub, published, tmp_path, xet):
    code = """
import datasets, hashlib, huggingface_hub, json, pathlib
rows = {split: rows.to_list() for split, rows in datasets.load_dataset("tester/zoo").items()}
root = pathlib.Path(huggingface_hub.snapshot_download("tester/zoo", repo_type="dataset"))
files = [path for path in root.rglob("*") if path.is_file()]
sha256 = {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
print(json.dumps({"rows": rows, "files": sha256}))
"""
    dataset = published[0] / "results/dataset"
    loaded = json.loads(run_client(hub, tmp_path / "fresh", code, xet=xet))
    del loaded["files"][".gitattributes"]
    assert loaded["files"] == digests(dataset)
    expected: dict[str, list] = {}
    for path in sorted(dataset.glob("data/*/*.parquet")):
        expected.setdefault(path.parent.name, []).extend(pq.read_table(path).to_pylist())
    assert loaded["rows"] == expected
    assert sum(map(len, expected.values())) == 6


def test_a_rerun_asks_the_hub_nothing_and_lost_receipts_upload_nothing(hub, published):
    folder, _ = published
    before = len(hub.log())
    assert "Nothing to be done" in succeed(run(folder, 6))
    assert len(hub.log()) == before
    commits = [commit.oid for commit in hub.commits(REPO)]
    shutil.rmtree(folder / "results/published")
    succeed(run(folder, 6))
    assert [commit.oid for commit in hub.commits(REPO)] == commits
    assert not [entry for entry in hub.log()[before:] if "lfs" in entry["path"] or "/commit/" in entry["path"]]
    assert json.loads((folder / "results/published/dataset.json").read_text())["commit"] == commits[-1]
    assert json.loads((folder / "results/published/000000.json").read_text())["files"]


def test_more_examples_after_a_kill_in_the_middle_of_an_upload(hub, published):
    folder, _ = published
    before = [commit.title for commit in hub.commits(REPO)]
    receipts = {path: path.stat().st_mtime_ns for path in folder.glob("results/published/0*.json")}
    hub.set_faults([Fault("POST .*/commit/", "silence", when="after", seconds=30)])
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
    command += ["--cores", 2, "--config", "num_examples=10", *SETTINGS, "--configfile", SMALL]
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": ""},
    )
    end = time.monotonic() + 120
    while hub.remaining_faults() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    assert not hub.remaining_faults()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    printed = succeed(run(folder, 10))
    check_head(hub, folder)
    manifest = json.loads((folder / "results/dataset/manifest.json").read_text())
    assert manifest["num_examples"] == 10
    later = [commit.title for commit in hub.commits(REPO)][len(before) :]
    assert later[-1] == "The whole dataset"
    assert len(later) == len(set(later)) >= 2
    assert {path: path.stat().st_mtime_ns for path in receipts} == receipts
    assert_no_token(folder, printed)


def test_a_refusal_does_not_stop_the_making_and_is_told_at_the_end(hub, published):
    folder, _ = published
    more = ["--config", "num_examples=13", *SETTINGS[:-1], "publish={repo_id: tester/full, every_shards: 1}"]
    body = json.dumps({"error": "Private repository storage limit reached"})
    hub.set_faults([Fault("POST .*/commit/", "status", status=403, body=body, times=99)])
    done = snakemake(folder, *more, cores=2)
    assert done.returncode != 0
    told = "tester/full: the storage that the Hub gives is full (Private repository storage limit reached): free some"
    assert f"publish_shard: {told}" in done.stderr
    assert f"publish_dataset: {told}" in done.stderr
    assert json.loads((folder / "results/dataset/manifest.json").read_text())["num_examples"] == 13
    hub.set_faults([])
    assert "publish_shard" not in succeed(snakemake(folder, *more, cores=2))
    assert ours(hub.commits("tester/full")[-1]) == digests(folder / "results/dataset")


def test_a_stop_ends_what_waits_for_the_hub(hub, tmp_path):
    hub.set_faults([Fault("POST /api/repos/create", "status", status=429, times=99)])
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", tmp_path]
    command += ["results/published/repository.json", "--cores", 1, "--config", *SETTINGS, "--configfile", SMALL]
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": ""},
    )
    end = time.monotonic() + 60
    while hub.remaining_faults() == 99 and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    process.terminate()
    printed, _ = process.communicate(timeout=120)  # not the 300 s that it said
    assert process.returncode != 0
    assert "open tester/zoo: the quota of requests or commits is used up (status 429); next try in 300 s" in printed
    assert "Traceback" not in printed
    assert printed.strip().endswith("stopped; what is finished is kept: type the same command to go on")
    until = float((tmp_path / "logs/create_repository.until").read_text())  # which the line of a run tells
    assert 280 < until - time.time() < 301
    hub.set_faults([])


@pytest.mark.parametrize(
    ("token", "repo", "said"),
    [
        ("canary-another-b3RoZXI", REPO, "tester/zoo: the Hub does not accept the token"),
        (CANARY, "stranger/zoo", "stranger/zoo: the token may not write there"),
        (CANARY, "tester/taken", "tester/taken holds data/train/mine.csv, and no manifest.json that names it: bring"),
    ],
)
def test_what_a_person_has_to_mend_is_one_line(hub, tmp_path, monkeypatch, token, repo, said):
    api = HfApi(endpoint=hub.url, token=CANARY)
    api.create_repo("tester/taken", repo_type="dataset", exist_ok=True, private=True)
    mine = [CommitOperationAdd("data/train/mine.csv", b"a")]
    api.create_commit("tester/taken", mine, commit_message="mine", repo_type="dataset")
    monkeypatch.setenv("HF_TOKEN", token)
    done = snakemake(tmp_path, "results/published/repository.json", "--config", f"publish={{repo_id: {repo}}}")
    assert done.returncode != 0
    printed = done.stdout + done.stderr
    (line,) = [line for line in printed.splitlines() if line.startswith("create_repository:")]
    assert line.startswith(f"create_repository: {said}")
    assert "Traceback" not in printed
    assert_no_token(tmp_path, printed, token)
    assert not (tmp_path / "results/pools.npz").exists()


@pytest.mark.parametrize("target", [[], ["results/examples/000000-000003/record.jsonl"]])
def test_a_missing_token_is_one_line_before_anything_starts(hub, tmp_path, monkeypatch, target):
    monkeypatch.delenv("HF_TOKEN")
    done = snakemake(tmp_path, *target, "--config", *SETTINGS)
    assert done.returncode != 0
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .startswith(
            "publish.repo_id is set, but no token for the Hugging Face Hub is found: log in with `hf auth login` or set"
        )
    )
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_without_a_repository_nothing_of_the_hub_is_touched(hub, tmp_path):
    before = len(hub.log())
    printed = succeed(snakemake(tmp_path, "--dry-run"))
    assert "publish" not in printed
    assert len(hub.log()) == before
