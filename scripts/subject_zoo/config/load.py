"""Configuration files: reading YAML, and laying one mapping over another."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from subject_zoo.base.errors import UserError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader takes a tenth of the time


def read_yaml(path: str | os.PathLike[str]) -> Any:
    """The value of a YAML file. Raises UserError for one that cannot be read."""
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), Loader=LOADER)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{path}: not YAML ({' '.join(str(error).split())})") from None


def load_config(path: str | os.PathLike[str], *overlays: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping of a configuration file, overlaid, unchecked.

    Sections are merged key by key and all else is replaced, as by Snakemake's --configfile and --config. Raises
    UserError for a file that holds no mapping.
    """
    config = read_yaml(path)
    if not isinstance(config, dict):
        raise UserError(f"{path}: not a configuration; it must be a mapping of keys as in config.yaml")
    for overlay in overlays:
        config = _overlaid(config, overlay)
    return config


def _overlaid(config: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(config)
    for key, value in overlay.items():
        below = merged.get(key)
        merged[key] = _overlaid(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
