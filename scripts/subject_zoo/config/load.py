"""Configuration files: reading YAML, and laying one mapping over another."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from subject_zoo.base.errors import UserError


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # C takes a tenth of the time
    """PyYAML's, which would keep the last of two values of a key without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if twice := next((key for key in keys if isinstance(key, str) and keys.count(key) > 1), None):
            raise TwiceError(twice)
        built: dict[Any, Any] = super().construct_mapping(node, deep)
        return built


class TwiceError(ValueError):
    """A key that stands twice in one mapping."""


def read_yaml(path: str | os.PathLike[str]) -> Any:
    """The value of a YAML file. Raises UserError for one that cannot be read, and for a key that stands twice."""
    try:
        return parse_yaml(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except TwiceError as error:
        raise UserError(f"{path}: {error} stands there twice; each key may have one value") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{path}: not YAML ({' '.join(str(error).split())})") from None


def parse_yaml(text: str) -> Any:
    """The value of a YAML text. Raises yaml.YAMLError for none, and TwiceError."""
    return yaml.load(text, Loader=_Loader)


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
