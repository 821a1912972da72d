"""The publishable folder: what is in it, and the manifest that says so."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from subject_zoo.splits import SPLITS

MANIFEST = "manifest.json"


def shard_contents(shard: str, parts: Mapping[str, Path]) -> dict[str, Path]:
    """Where a shard's files stand in the folder, by relative path; empty ones are left out.

    `parts` has the splits' Parquet files, `weights` and `signatures`.
    """
    contents = {
        f"data/{split}/{shard}.parquet": parts[split] for split in SPLITS if pq.read_metadata(parts[split]).num_rows
    }
    if contents:
        contents[f"weights/{shard}.safetensors"] = parts["weights"]
        contents[f"signatures/{shard}.npz"] = parts["signatures"]
    return contents


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
