"""Files of verdicts: validation.json of a range, with the environment that its models were trained in."""

import os
from collections.abc import Mapping
from typing import Any

from subject_zoo.base.files import read_json, write_json


def save_verdicts(
    path: str | os.PathLike[str], verdicts: Mapping[int, Mapping[str, Any]], environment: Mapping[str, str]
) -> None:
    """Write verdicts by example id, atomically."""
    write_json(path, {"environment": environment, "examples": list(verdicts.values())})


def load_verdicts(*paths: str | os.PathLike[str]) -> dict[int, dict[str, Any]]:
    """The verdicts of one or more files, by example id."""
    return {verdict["example_id"]: verdict for path in paths for verdict in read_json(path)["examples"]}


def load_environments(*paths: str | os.PathLike[str]) -> list[dict[str, str]]:
    """The environment of each file's models."""
    return [read_json(path)["environment"] for path in paths]
