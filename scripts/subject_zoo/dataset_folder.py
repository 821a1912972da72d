"""The publishable folder: what is in it, and the manifest that says so."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from subject_zoo.files import atomic_write, load_npz
from subject_zoo.shards import cut_parquet, cut_signatures, cut_weights
from subject_zoo.splits import SPLITS

MANIFEST = "manifest.json"


def place_shard(folder: Path, shard: str, parts: Mapping[str, Path], kept: Sequence[int]) -> list[str]:
    """Put a shard into the folder, as links where all of its examples are kept, cut to `kept` where not.

    `parts` has the splits' Parquet files, `weights` and `signatures`. The relative paths of what was put there:
    Parquet files without rows are left out, and so is a shard of which nothing is kept.
    """
    if not kept:
        return []
    whole = len(kept) == len(load_npz(parts["signatures"])["example_ids"])
    placed = []
    for split in SPLITS:
        name = f"data/{split}/{shard}.parquet"
        data = None if whole else cut_parquet(parts[split], kept)
        if not pq.read_metadata(parts[split] if whole else pa.BufferReader(data)).num_rows:
            continue
        placed.append(name)
        if whole:
            link(parts[split], folder / name)
        else:
            atomic_write(folder / name, data)
    for name, source, cut in (
        (f"weights/{shard}.safetensors", parts["weights"], cut_weights),
        (f"signatures/{shard}.npz", parts["signatures"], cut_signatures),
    ):
        placed.append(name)
        if whole:
            link(source, folder / name)
        else:
            cut(source, folder / name, kept)
    return placed


def describe_file(path: Path) -> dict[str, Any]:
    """sha256 (hex), size in bytes, and for Parquet the number of rows."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    described: dict[str, Any] = {"sha256": digest.hexdigest(), "size": path.stat().st_size}
    if path.suffix == ".parquet":
        described["rows"] = pq.read_metadata(path).num_rows
    return described


def link(source: Path, target: Path) -> None:
    """Put a file into the folder without a second copy of its bytes, atomically; copied across file systems."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:  # another file system, or one without hard links
        temporary.write_bytes(source.read_bytes())
    os.replace(temporary, target)
    temporary.unlink(missing_ok=True)  # replacing a link by a link to the same file leaves both


def remove_strangers(folder: Path, wanted: set[str]) -> None:
    """Remove from the folder's data, weights and signatures what is not wanted, by relative path."""
    for part in ("data", "weights", "signatures"):
        for path in sorted((folder / part).rglob("*"), reverse=True):
            if path.is_file() and path.relative_to(folder).as_posix() not in wanted:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()


def manifest(files: Mapping[str, Mapping[str, Any]], **facts: Any) -> bytes:
    """The manifest's text: the facts of the build and every file, in a fixed order."""
    return json.dumps({**facts, "files": dict(sorted(files.items()))}, indent=1).encode() + b"\n"
