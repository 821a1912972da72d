"""A dataset's manifest, whoever wrote it: every key in its place, and a configuration that may be worked with."""

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import best_match

from subject_zoo.base.errors import UserError
from subject_zoo.base.foreign import read_inside
from subject_zoo.base.json_text import parse_json
from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import SPLITS
from subject_zoo.config.check import check_config
from subject_zoo.dataset.card import CC0
from subject_zoo.dataset.cost import excesses
from subject_zoo.dataset.layout import (
    CARD,
    DESCRIPTIONS,
    MANIFEST,
    PICTURE_FILE,
    SEQUENCE_FILES,
    SIGNATURES_FILE,
    TABLE_FILE,
    VALIDITY,
    WEIGHTS_FILE,
)

LARGEST = 64_000_000  # bytes
TRUST = "if the folder is your own, or of someone you trust, add --trust"

_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 10**15}  # a person reads it
_FILE = {
    "type": "object",
    "properties": {"sha256": _DIGEST, "size": _COUNT, "rows": _COUNT},
    "required": ["sha256", "size"],
    "additionalProperties": False,
}
_PARQUET = {**_FILE, "required": ["sha256", "size", "rows"]}
_SCHEMA: dict[str, Any] = {
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
            "properties": dict.fromkeys((CARD, *DESCRIPTIONS, *SEQUENCE_FILES, VALIDITY), _FILE),
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
_SCHEMA["additionalProperties"] = False
_PART = {key: rule for key, rule in _SCHEMA["properties"].items() if key != "files"}  # of a merged dataset
_SCHEMA["properties"]["parts"] = {
    "type": "array",
    "minItems": 2,
    "maxItems": 1000,
    "items": {
        "type": "object",
        "properties": {
            "first_example_id": _COUNT,
            "first_shard": _COUNT,
            "manifest": {"type": "object", "properties": _PART, "required": list(_PART), "additionalProperties": False},
        },
        "required": ["first_example_id", "first_shard", "manifest"],
        "additionalProperties": False,
    },
}
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


def with_hint(error: OSError) -> OSError:
    """An error of a file that is not read, with what reads it all the same where that is so."""
    if error.errno in (errno.EFBIG, errno.ELOOP):
        return OSError(error.errno, f"{error.strerror}; {TRUST}")
    return error


def read_manifest(folder: Path, trusted: bool = False) -> dict[str, Any]:
    """The manifest of a dataset's folder, with every key in its place.

    Raises UserError where there is none, or it is not well-formed, or its configuration would not be accepted, or asks
    for more work than a folder that is not `trusted` may.
    """
    path = folder / MANIFEST
    try:
        manifest = parse_json(read_inside(folder, MANIFEST, LARGEST, follow=trusted))
        mistake = best_match(_Validator(_SCHEMA).iter_errors(manifest))
    except OSError as error:
        why = with_hint(error).strerror
        raise UserError(f"{path}: cannot be read ({why}); name a folder as results/dataset") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not JSON ({one_line(error)})") from None
    if mistake:
        key = ".".join(map(str, mistake.absolute_path))
        raise UserError(f"{path}: {one_line(key)}{': ' if key else ''}{one_line(mistake.message)}")
    for part in [manifest, *(one["manifest"] for one in manifest.get("parts", ()))]:
        _check_config(path, part["config"], trusted)
    return dict(manifest)


def _check_config(path: Path, described: Mapping[str, Any], trusted: bool) -> None:
    """Raise UserError for a configuration that the pipeline would not accept or write, or that asks for too much."""
    config = {**_NO_PART_OF_IT, **described}
    try:
        accepted = check_config(config)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    if accepted != config:
        raise UserError(f"{path}: config holds values of other types than the pipeline writes")
    if not trusted and (excess := next(excesses(accepted), None)):
        raise UserError(f"{path}: config asks for too much work: {excess}; {TRUST}")
