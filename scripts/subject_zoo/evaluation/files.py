"""Files of verdicts: validation.json of a range, with the environment that its models were trained in."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from subject_zoo.base.files import atomic_write


def save_verdicts(
    path: str | os.PathLike[str], verdicts: Mapping[int, Mapping[str, Any]], environment: Mapping[str, str]
) -> None:
    """Write verdicts by example id, atomically."""
    content = {"environment": environment, "examples": list(verdicts.values())}
    atomic_write(path, orjson.dumps(content, option=orjson.OPT_INDENT_2))


def load_verdicts(*paths: str | os.PathLike[str]) -> dict[int, dict[str, Any]]:
    """The verdicts of one or more files, by example id."""
    return {verdict["example_id"]: verdict for path in paths for verdict in _load(path)["examples"]}


def load_environments(*paths: str | os.PathLike[str]) -> list[dict[str, str]]:
    """The environment of each file's models."""
    return [_load(path)["environment"] for path in paths]


def _load(path: str | os.PathLike[str]) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(Path(path).read_bytes())
    return loaded
