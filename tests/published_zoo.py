"""A small dataset and its publication by the library alone, in this process or in one of its own.

    python -m tests.published_zoo FOLDER EACH   publishes the dataset in FOLDER, EACH shards a commit, then the whole

Its environment is that of `LoopbackHub.client_env` with "scripts" on PYTHONPATH.
"""

import hashlib
import json
import logging
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from subject_zoo.dataset.edited_card import whole_card
from subject_zoo.dataset.folder import describe_file, manifest
from subject_zoo.dataset.layout import CARD, MANIFEST, SEQUENCE_FILES
from tests.loopback_hub import LoopbackHub
from tests.loopback_hub.storage import Commit, ObjectStore

REPO = "tester/zoo"
TIMEOUT = 1  # seconds
ROOT = Path(__file__).resolve().parents[1]
CONFIG = {
    "seed": 7,
    "num_examples": 8,
    "examples_per_job": 2,
    "largest_job": 2,
    "ranges_per_shard": 1,
    "training": {"batch_size": 64},
    "splits": {"validation": 0.2, "test": 0.0},
}
DIGESTS = {"code_sha256": "c" * 64, "config_sha256": "d" * 64}


def write_dataset(folder: Path, shards: int = 4) -> Path:
    """A dataset folder: two rows a shard, weights that go to large storage, and title pages."""
    for number in range(shards):
        shard = f"{number:06d}"
        choose = random.Random(shard)
        split = "validation" if number == 1 else "train"  # one shard has no row in the training split
        rows = [{"example_id": 2 * number + row, "text": f"{choose.random()}"} for row in (0, 1)]
        _write(folder / "data" / split / f"{shard}.parquet", _parquet(rows))
        _write(folder / "weights" / f"{shard}.safetensors", choose.randbytes(40_000))
        _write(folder / "signatures" / f"{shard}.npz", choose.randbytes(4_000))
    for name in (*SEQUENCE_FILES, "validity.json"):
        _write(folder / name, json.dumps({"name": name}).encode())
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    for name, page in title_pages({name: describe_file(folder / name) for name in names}, complete=True).items():
        _write(folder / name, page)
    return folder


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue().to_pybytes()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def title_pages(files: Mapping[str, Mapping[str, Any]], complete: bool = False) -> dict[str, bytes]:
    """A card by which `datasets` loads what is there, and a manifest."""
    splits = [split for split in ("train", "validation") if any(name.startswith(f"data/{split}/") for name in files)]
    data_files = [{"split": split, "path": f"data/{split}/*.parquet"} for split in splits]
    header = {"license": "cc0-1.0", "configs": [{"config_name": "default", "data_files": data_files}]}
    card = whole_card(header, "complete" if complete else "growing").encode()
    named = {**files, CARD: {"sha256": hashlib.sha256(card).hexdigest(), "size": len(card)}}
    facts = {"seed": CONFIG["seed"], "config": CONFIG, "license": "cc0-1.0", **DIGESTS}
    return {CARD: card, MANIFEST: manifest(named, **facts)}


def files_of(folder: Path, shard: str) -> dict[str, Path]:
    """A shard's files by path in the folder."""
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob(f"{shard}.*"))}


def shards_of(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("weights/*"))


def sequences_of(folder: Path) -> dict[str, Path]:
    return {name: folder / name for name in SEQUENCE_FILES}


def names_of(folder: Path) -> list[str]:
    """All files of the folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def start(hub: LoopbackHub, folder: Path, cache: Path, *, xet: bool, each: int) -> subprocess.Popen:
    """A process that publishes the folder, `each` shards a commit."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.published_zoo", str(folder), str(each)],
        cwd=ROOT,
        env=hub.client_env(cache, xet=xet) | {"PYTHONPATH": "scripts"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def publish(hub: LoopbackHub, folder: Path, cache: Path, *, xet: bool, each: int) -> str:
    """What a process that published the folder printed."""
    client = start(hub, folder, cache, xet=xet, each=each)
    try:
        output, _ = client.communicate(timeout=100)
    finally:
        client.kill()
    assert client.returncode == 0, output
    return output


def digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names_of(folder)}


def ours(commit: Commit) -> dict[str, str]:
    """The sha256 of each file in a commit's tree, but for those of other people."""
    names = (name for name in commit.files if name != ".gitattributes" and not name.startswith("foreign/"))
    return {name: commit.files[name].sha256 for name in names}


def check_history(hub: LoopbackHub, folder: Path, each: int) -> None:
    """The head is the folder, nothing was committed twice, and each commit's manifest names exactly what is there."""
    shards = shards_of(folder)
    batches = [shards[first : first + each] for first in range(0, len(shards), each)]
    titles = [f"Shard {b[0]}" if len(b) == 1 else f"Shards {b[0]} to {b[-1]}" for b in batches]
    commits = [commit for commit in hub.commits(REPO) if commit.title != "foreign commit"]
    assert [commit.title for commit in commits] == ["initial commit", *titles, "The whole dataset"]
    assert ours(commits[-1]) == digests(folder)
    objects = ObjectStore(hub.root / "objects")
    for commit in commits[1:]:
        tree = ours(commit)
        manifest = json.loads(objects.read(tree.pop(MANIFEST)))
        assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == tree
    assert hub.errors() == ""


def main() -> None:
    """Publish by the library, with little patience, and print the last commit."""
    from subject_zoo.hub.client import Patience, use_hub
    from subject_zoo.hub.publication import Publication
    from subject_zoo.hub.repository import HubRepository

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    folder, each = Path(sys.argv[1]), int(sys.argv[2])
    patience = Patience(timeout=TIMEOUT / 2, first=0.1, longest=0.4, quota=0.2, total=40)
    use_hub(patience)
    config = CONFIG | {"num_examples": 2 * len(shards_of(folder))}
    publication = Publication(HubRepository(REPO), config, DIGESTS, patience, private=False)
    publication.open()
    shards = shards_of(folder)
    for first in range(0, len(shards), each):
        batch = shards[first : first + each]
        publication.add_shards(batch, partial(files_of, folder), sequences_of(folder), title_pages)
    print(publication.complete(folder))


if __name__ == "__main__":
    from subject_zoo.hub.environment import hub_environment

    os.environ.update(hub_environment(TIMEOUT))
    main()
