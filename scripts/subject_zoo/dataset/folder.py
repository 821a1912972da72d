"""The publishable folder: what is in it, and the manifest that says so."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from subject_zoo.base.arrays import load_npz
from subject_zoo.base.files import atomic_copy, digest_of, file_digest
from subject_zoo.base.terms import DATA, SPLITS, TASKS
from subject_zoo.dataset.card import CC0, dataset_card
from subject_zoo.dataset.croissant import croissant
from subject_zoo.dataset.cutting import cut
from subject_zoo.dataset.datasheet import datasheet
from subject_zoo.dataset.layout import CARD, CROISSANT, DATASHEET, MANIFEST, PICTURES, SIGNATURE_DATASET, place_of
from subject_zoo.dataset.parts import Part
from subject_zoo.dataset.standing import keep_only, manifest_bytes, manifest_digest
from subject_zoo.dataset.statements import statements


def shard_contents(shard: str, parts: Mapping[str, Path]) -> dict[str, Path]:
    """Where a shard's files go, by relative path; Parquet files without rows are left out.

    `parts` are the files by name: `data.train.parquet` and so on by table and split, `weights.safetensors` and
    `signatures.npz`.
    """
    return {
        place_of(name, shard): path
        for name, path in parts.items()
        if path.suffix != ".parquet" or pq.read_metadata(path).num_rows
    }


def parts_of_shards(paths: Iterable[Path]) -> dict[str, dict[str, Path]]:
    """Files called "000123.data.train.parquet" by shard, in order, and there by part, as for `shard_contents`."""
    shards: dict[str, dict[str, Path]] = {}
    for path in sorted(paths):
        shard, _, part = path.name.partition(".")
        shards.setdefault(shard, {})[part] = path
    return shards


def place_shards(folder: Path, shards: Mapping[str, Mapping[str, Path]], num_examples: int) -> list[str]:
    """Put the first `num_examples` examples into the folder, shard after shard; the relative paths of all files.

    Files of other shards, which an earlier dataset left there, are removed.
    """
    placed: list[str] = []
    for shard, parts in shards.items():
        kept = load_npz(parts["signatures.npz"])["example_ids"].tolist()[:num_examples]
        num_examples -= len(kept)
        placed += _place_shard(folder, shard, parts, kept)
    keep_only(folder, set(placed))
    return placed


def _place_shard(folder: Path, shard: str, parts: Mapping[str, Path], kept: Sequence[int]) -> list[str]:
    """Put a shard into the folder, as copies where all of its examples are kept, cut to `kept` where not.

    `parts` as for `shard_contents`. The relative paths of what was put there: nothing where nothing is kept.
    """
    if not kept:
        return []
    whole = len(kept) == len(load_npz(parts["signatures.npz"])["example_ids"])
    placed = []
    for name, source in shard_contents(shard, parts).items():
        if whole:
            atomic_copy(source, folder / name)
        elif not cut(source, folder / name, kept):
            continue
        placed.append(name)
    return placed


def describe_file(path: Path) -> dict[str, Any]:
    """sha256 (hex), size in bytes, and for Parquet the number of rows."""
    described: dict[str, Any] = {"sha256": file_digest(path), "size": path.stat().st_size}
    if path.suffix == ".parquet":
        described["rows"] = pq.read_metadata(path).num_rows
    return described


def _entry(data: bytes) -> dict[str, Any]:
    return {"sha256": digest_of(data), "size": len(data)}


def count_rows(files: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """How many examples each split holds, by the entries of the folder's files."""
    return {
        split: sum(entry["rows"] for name, entry in files.items() if name.startswith(f"{DATA}/{split}/"))
        for split in SPLITS
    }


def digests_of_tables(files: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """By table, sha256, hex, of the names and digests of its files, by the entries of the folder's files."""
    named: dict[str, list[str]] = {table: [] for table in (DATA, *TASKS)}
    for name, entry in sorted(files.items()):
        if (table := name.partition("/")[0]) in named:
            named[table] += [name, entry["sha256"]]
    return {table: digest_of("\n".join(lines).encode()) for table, lines in named.items()}


def title_pages(
    files: Mapping[str, Mapping[str, Any]],
    config: Mapping[str, Any],
    digests: Mapping[str, str],
    environment: Mapping[str, str],
    validity: Mapping[str, Any] | None,
    license_name: str = CC0,
    parts: Sequence[Part] = (),
) -> dict[str, bytes]:
    """README.md and manifest.json of a folder that holds these files beside them, as `describe_file` describes them,
    and of a finished one DATASHEET.md and croissant.json.

    `digests` are `code_sha256` and `config_sha256`; `validity` is None where the dataset is unfinished;
    `parts` are those of a merged one.
    """
    rows = count_rows(files)
    figures = sorted(name for name in files if name.startswith(f"{PICTURES}/"))
    tables = digests_of_tables(files)
    card = dataset_card(config, digests, rows, tables, validity, figures, license_name, parts).encode()
    pages = {CARD: card}
    if validity is not None:
        pages |= descriptions(files, config, digests, environment, validity, license_name, parts)
    facts = {
        "finished": validity is not None,
        "num_examples": sum(rows.values()),
        "rows": rows,
        "seed": config["seed"],
        "config": config,
        **digests,
        "signature_dataset_sha256": files[SIGNATURE_DATASET]["sha256"],
        "environment": environment,
        "license": license_name,
        **({"parts": [part.entry() for part in parts]} if parts else {}),
    }
    entries = {name: _entry(page) for name, page in pages.items()}
    return {**pages, MANIFEST: manifest({**files, **entries}, **facts)}


def descriptions(
    files: Mapping[str, Mapping[str, Any]],
    config: Mapping[str, Any],
    digests: Mapping[str, str],
    environment: Mapping[str, str],
    validity: Mapping[str, Any],
    license_name: str,
    parts: Sequence[Part] = (),
) -> dict[str, bytes]:
    """DATASHEET.md and croissant.json of a finished dataset, from what `title_pages` takes."""
    rows = count_rows(files)
    said = statements(config, digests, environment, rows, validity, parts)
    return {
        DATASHEET: datasheet(said, config, digests, rows, validity, license_name).encode(),
        CROISSANT: croissant(said, files, config, license_name),
    }


def with_card(manifest_page: bytes, card: bytes) -> bytes:
    """A manifest's text that names another card, and says all else as it does."""
    facts = json.loads(manifest_page)
    files = facts.pop("files")
    del facts["facts_sha256"]
    return manifest({**files, CARD: _entry(card)}, **facts)


def manifest(files: Mapping[str, Mapping[str, Any]], **facts: Any) -> bytes:
    """The manifest's text: the facts of the build, a digest of it all, and every file, in a fixed order."""
    listed = dict(sorted(files.items()))
    digest = manifest_digest({**facts, "files": listed})
    return manifest_bytes({**facts, "facts_sha256": digest, "files": listed})
