"""A dataset folder against its manifest: which files there are, and whether each is the one that was written."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import best_match

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import file_digest, read_json
from subject_zoo.base.terms import DATA, SPLITS, TASKS
from subject_zoo.config.check import check_config
from subject_zoo.config.sections import science_digest
from subject_zoo.dataset import folder as dataset_folder
from subject_zoo.dataset.card import CC0
from subject_zoo.dataset.folder import count_rows
from subject_zoo.dataset.layout import (
    CARD,
    MANIFEST,
    PICTURE_FILE,
    SEQUENCE_FILES,
    SHARD_FOLDERS,
    SIGNATURE_DATASET,
    SIGNATURES_FILE,
    TABLE_FILE,
    VALIDITY,
    WEIGHTS_FILE,
    signatures_file,
    table_file,
    table_names,
    weights_file,
)
from subject_zoo.dataset.standing import configs_on_card, manifest_digest
from subject_zoo.verification.problem import Problem, one_line

_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_COUNT = {"type": "integer", "minimum": 0}
_FILE = {
    "type": "object",
    "properties": {"sha256": _DIGEST, "size": _COUNT, "rows": _COUNT},
    "required": ["sha256", "size"],
    "additionalProperties": False,
}
_PARQUET = {**_FILE, "required": ["sha256", "size", "rows"]}
_SCHEMA = {
    "type": "object",
    "properties": {
        "finished": {"type": "boolean"},
        "num_examples": _COUNT,
        "rows": {
            "type": "object",
            "properties": dict.fromkeys(SPLITS, _COUNT),
            "required": list(SPLITS),
            "additionalProperties": False,
        },
        "seed": {"type": "integer"},
        "config": {"type": "object"},
        "config_sha256": _DIGEST,
        "code_sha256": _DIGEST,
        "signature_dataset_sha256": _DIGEST,
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "license": {"type": "string"},
        "facts_sha256": _DIGEST,
        "files": {
            "type": "object",
            "required": [CARD, *SEQUENCE_FILES],
            "properties": dict.fromkeys((CARD, *SEQUENCE_FILES, VALIDITY), _FILE),
            "patternProperties": {
                PICTURE_FILE: _FILE,
                TABLE_FILE: _PARQUET,
                WEIGHTS_FILE: _FILE,
                SIGNATURES_FILE: _FILE,
            },
            "additionalProperties": False,
        },
    },
}
_SCHEMA["required"] = list(_SCHEMA["properties"])
# What its manifest leaves out of the configuration: where a dataset is published, and what may become of one before it.
_NO_PART_OF_IT = {
    "shrink": False,
    "min_acceptance": 0,
    "publish": {
        "repo_id": None,
        "private": True,
        "license": CC0,
        "replace": False,
        "every_shards": 1,
        "every_minutes": None,
    },
}
_Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int),
)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a dataset folder, every key that `check_facts` and the other checks read in its place.

    Raises UserError where there is none, or it is not well-formed, or its configuration would not be accepted.
    """
    path = folder / MANIFEST
    try:
        manifest = read_json(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); name a folder as results/dataset") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not JSON ({one_line(error)})") from None
    if mistake := best_match(_Validator(_SCHEMA).iter_errors(manifest)):
        key = ".".join(map(str, mistake.absolute_path))
        raise UserError(f"{path}: {key}{': ' if key else ''}{one_line(mistake.message)}")
    config = {**_NO_PART_OF_IT, **manifest["config"]}
    try:
        accepted = check_config(config)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    if accepted != config:
        raise UserError(f"{path}: config holds values of other types than the pipeline writes")
    return manifest


def check_facts(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether a well-formed manifest agrees with itself and with the configuration that the card shows."""
    facts, files, config = dict(manifest), manifest["files"], manifest["config"]
    del facts["files"], facts["facts_sha256"]
    if manifest["facts_sha256"] != manifest_digest(manifest):
        yield Problem(MANIFEST, "its facts were changed: facts_sha256 is not their digest")
    elif dataset_folder.manifest(files, **facts) != (folder / MANIFEST).read_bytes():
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
    shards = {Path(name).stem for name in files if name.startswith(SHARD_FOLDERS)}
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


def _check_card(folder: Path, config: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        text = (folder / CARD).read_text(encoding="utf-8")
        shown = configs_on_card(text)
    except OSError:
        return  # `check_files` tells
    except (ValueError, yaml.YAMLError) as error:
        yield Problem(CARD, f"its configuration cannot be read ({one_line(error)})")
        return
    if config not in shown:
        yield Problem(CARD, f"does not show the configuration that {MANIFEST} holds")


def check_files(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Every file of the manifest, and files that are none of its own where readers of the dataset would meet them."""
    for name, entry in files.items():
        yield from check_file(folder, name, entry)
    found = [path for part in SHARD_FOLDERS for path in (folder / part).rglob("*") if not path.is_dir()]
    found += folder.rglob("*.parquet")
    for name in sorted({path.relative_to(folder).as_posix() for path in found} - set(files)):
        yield Problem(name, f"not in {MANIFEST}")


def check_file(folder: Path, name: str, entry: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether one file is there with the size, sha256 and rows of its entry; at most one problem."""
    try:
        digest = file_digest(folder / name)
        size = (folder / name).stat().st_size
    except OSError as error:
        yield Problem(name, f"cannot be read ({error.strerror})")
        return
    if size != entry["size"]:
        yield Problem(name, f"has {size} bytes; {MANIFEST} says {entry['size']}")
    elif digest != entry["sha256"]:
        yield Problem(name, f"its content was changed: sha256 is {digest}; {MANIFEST} says {entry['sha256']}")
    elif "rows" in entry:
        try:
            rows = pq.read_metadata(folder / name).num_rows
        except (pa.ArrowException, OSError) as error:
            yield Problem(name, f"not a Parquet file ({one_line(error)})")
            return
        if rows != entry["rows"]:
            yield Problem(name, f"has {rows} rows; {MANIFEST} says {entry['rows']}")
