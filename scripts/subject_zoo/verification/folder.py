"""A dataset folder against its manifest: which files there are, and whether each is the one that was written."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from subject_zoo.base.foreign import walk_inside
from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import DATA, SPLITS, TASKS
from subject_zoo.config.sections import science_digest
from subject_zoo.dataset import folder as dataset_folder
from subject_zoo.dataset.card import shown_config
from subject_zoo.dataset.folder import count_rows
from subject_zoo.dataset.layout import (
    CARD,
    MANIFEST,
    SHARD_FOLDERS,
    SIGNATURE_DATASET,
    shard_of,
    shards_in,
    signatures_file,
    table_file,
    table_names,
    weights_file,
)
from subject_zoo.dataset.manifest import TRUST
from subject_zoo.dataset.parts import Part, clash, merged_config, parts_of, shards_of_parts
from subject_zoo.dataset.received import LARGEST_TABLE, Received
from subject_zoo.dataset.standing import manifest_digest
from subject_zoo.verification.problem import Problem

_MET = tuple(f"{part}/" for part in SHARD_FOLDERS)  # by readers of the dataset


def check_facts(folder: Received, manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether a well-formed manifest agrees with itself and with the configuration that the card shows."""
    facts, files, config = dict(manifest), manifest["files"], manifest["config"]
    del facts["files"], facts["facts_sha256"]
    if manifest["facts_sha256"] != manifest_digest(manifest):
        yield Problem(MANIFEST, "its facts were changed: facts_sha256 is not their digest")
    elif dataset_folder.manifest(files, **facts) != folder.read(MANIFEST):
        yield Problem(MANIFEST, "not laid out as it was written: keys, spaces or line ends were changed")
    rows = count_rows(files)
    for key, says, follows, source in (
        ("rows", manifest["rows"], rows, "its files add up to"),
        ("num_examples", manifest["num_examples"], sum(rows.values()), "its files add up to"),
        ("seed", manifest["seed"], config["seed"], "config.seed is"),
        ("config_sha256", manifest["config_sha256"], science_digest(config), "the digest of its config is"),
        (
            "signature_dataset_sha256",
            manifest["signature_dataset_sha256"],
            files[SIGNATURE_DATASET]["sha256"],
            "the file's entry says",
        ),
    ):
        if says != follows:
            yield Problem(MANIFEST, f"{key} is {says}, but {source} {follows}")
    count, wanted = sum(rows.values()), config["num_examples"]
    if manifest["finished"] and count != wanted:
        yield Problem(MANIFEST, f"config.num_examples is {wanted}, but its files add up to {count}")
    elif not manifest["finished"] and count > wanted:
        yield Problem(MANIFEST, f"config.num_examples is {wanted}, fewer than the {count} of its files")
    yield from _check_shards(files, table_names(config["task_generation"]))
    yield from _check_card(folder, config)


def _check_shards(files: Mapping[str, Any], tables: Sequence[str]) -> Iterator[Problem]:
    """A shard has weights, signatures and the rows of at least one split, as many in each of its tables."""
    shards = {PurePosixPath(name).stem for name in files if name.startswith(SHARD_FOLDERS)}
    for shard in sorted(shards):
        for name in (weights_file(shard), signatures_file(shard)):
            if name not in files:
                yield Problem(MANIFEST, f"lists no {name}")
        rows = [
            {split: files.get(table_file(table, split, shard), {}).get("rows", 0) for split in SPLITS}
            for table in tables
        ]
        if not any(rows[0].values()):
            yield Problem(MANIFEST, f"lists no rows of shard {shard} in {DATA}")
        for table, of_table in zip(tables, rows, strict=True):
            if of_table != rows[0]:
                yield Problem(MANIFEST, f"lists {of_table} rows of shard {shard} in {table}, and {rows[0]} in {DATA}")
    for name in files:
        if name.startswith(TASKS) and name.split("/")[0] not in tables:
            yield Problem(MANIFEST, f"lists {name}, of a task that its config leaves out")


def check_parts(manifest: Mapping[str, Any]) -> Problem | None:
    """What forbids that the parts of a merged dataset stand together, or says that their files are not theirs."""
    if "parts" not in manifest:
        return None
    parts = parts_of(manifest)
    mistake = next(_mistakes_of_parts(parts, manifest["files"]), None)
    if mistake is None and manifest["config"] != merged_config(parts):
        mistake = "config is not that of its parts"
    return None if mistake is None else Problem(MANIFEST, f"parts: {mistake}")


def _mistakes_of_parts(parts: Sequence[Part], files: Mapping[str, Any]) -> Iterator[str]:
    for place, (part, shards) in enumerate(zip(parts, shards_of_parts(parts, shards_in(files)), strict=True)):
        facts, following = part.facts, parts[place + 1 : place + 2]
        if science_digest(part.config) != facts["config_sha256"] or part.config["seed"] != facts["seed"]:
            yield f"part {place}: its seed or its config_sha256 is not that of its config"
        if why := next(filter(None, (clash(other.facts, facts) for other in parts[:place])), None):
            yield f"part {place} cannot stand with those before it: {why}"
        if place == 0 and (part.first_example_id, part.first_shard) != (0, 0):
            yield "part 0: its examples and shards must be numbered from 0 on"
        if any(
            one.first_shard <= part.first_shard or one.first_example_id <= part.first_example_id for one in following
        ):
            yield f"part {place + 1}: its numbers do not begin above those of the part before it"
        elif any(part.ids_of(shard).stop > one.first_example_id for one in following for shard in shards):
            yield f"part {place}: its numbers reach into those of the next part"
        own = {name: entry for name, entry in files.items() if shard_of(name) in shards}
        if count_rows(own) != facts["rows"] or not shards:
            yield f"part {place}: rows are {facts['rows']}, but its files add up to {count_rows(own)}"


def _check_card(folder: Received, config: Mapping[str, Any]) -> Iterator[Problem]:
    """By the card's text: to read its YAML would be to do what a stranger's aliases say."""
    try:
        text = folder.read(CARD).decode(errors="replace")
    except OSError:
        return  # `check_files` tells
    if f"```yaml\n{shown_config(config)}\n```" not in text.replace("\r\n", "\n"):
        yield Problem(CARD, f"does not show the configuration that {MANIFEST} holds")


def check_files(folder: Received, files: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Every file of the manifest, and files that are none of its own where readers of the dataset would meet them."""
    for name, entry in files.items():
        yield from check_file(folder, name, entry)
    found = (name for name in walk_inside(folder.path) if name.startswith(_MET) or name.endswith(".parquet"))
    for name in sorted(set(found) - set(files)):
        yield Problem(name, f"not in {MANIFEST}")


def check_file(folder: Received, name: str, entry: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether one file is there with the size, sha256 and rows of its entry; at most one problem."""
    try:
        with folder.open(name) as file:
            size = os.fstat(file.fileno()).st_size
            if size != entry["size"]:
                yield Problem(name, f"has {size} bytes; {MANIFEST} says {entry['size']}")
                return
            if size > LARGEST_TABLE and not folder.trusted:
                yield Problem(name, f"has {size:,} bytes; at most {LARGEST_TABLE:,} are read; {TRUST}")
                return
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        yield Problem(name, f"cannot be read ({error.strerror})")
        return
    if digest != entry["sha256"]:
        yield Problem(name, f"its content was changed: sha256 is {digest}; {MANIFEST} says {entry['sha256']}")
    elif "rows" in entry:
        try:
            with folder.table(name) as (table, _):
                rows = table.metadata.num_rows
        except (pa.ArrowException, OSError, ValueError) as error:
            yield Problem(name, f"not a Parquet file ({one_line(error)})")
            return
        if rows != entry["rows"]:
            yield Problem(name, f"has {rows} rows; {MANIFEST} says {entry['rows']}")
