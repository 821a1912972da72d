"""Configuration files: reading YAML, at a bounded cost whatever it says, and laying one mapping over another."""

import os
from collections.abc import Mapping
from typing import Any

import yaml

from subject_zoo.base.errors import UserError
from subject_zoo.base.foreign import read_regular
from subject_zoo.base.lines import one_line

LARGEST = 1_000_000  # bytes of a file
DEEPEST = 50  # values inside one another
MOST_VALUES = 100_000  # with what an alias stands for counted each time
LONGEST = 10_000  # characters of a number or a text


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # C takes a tenth of the time
    """PyYAML's, which would keep the last of two values of a key without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and isinstance(key.value, str):
                if key.value in seen:
                    raise TwiceError(key.value)
                seen.add(key.value)
        built: dict[Any, Any] = super().construct_mapping(node, deep)
        return built


class TwiceError(ValueError):
    """A key that stands twice in one mapping."""


def read_yaml(path: str | os.PathLike[str]) -> Any:
    """The value of a YAML file. Raises UserError for one that cannot be read, and for a key that stands twice."""
    try:
        return parse_yaml(read_regular(path, LARGEST).decode())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except TwiceError as error:
        raise UserError(f"{path}: {one_line(error)} stands there twice; each key may have one value") from None
    except (ValueError, yaml.YAMLError) as error:
        raise UserError(f"{path}: not YAML as of a configuration ({one_line(error)})") from None


def parse_yaml(text: str) -> Any:
    """The value of a YAML text. Raises yaml.YAMLError and ValueError for none, and for one that is nested too deeply,
    has too many values or too long ones, or holds itself; and TwiceError."""
    check_extent(text)
    return yaml.load(text, Loader=_Loader)


def check_extent(text: str) -> None:
    """Raise what `parse_yaml` raises for a text whose value is too much: by the parser's events, before it is built."""
    sizes: dict[str | None, int] = {}  # values in what is anchored
    open_: list[tuple[str | None, int]] = []  # the anchors of what we are in, and how many values there were before it
    values = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_):
                raise ValueError(f"{one_line(event.anchor, 40)} holds itself")
            values += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.ScalarEvent):
            if len(event.value) > LONGEST:
                raise ValueError(f"it has a value of {len(event.value):,} characters; at most {LONGEST:,} may be")
            sizes[event.anchor] = 1
            values += 1
        elif isinstance(event, yaml.CollectionStartEvent):
            open_.append((event.anchor, values))
            values += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_.pop()
            sizes[anchor] = values - before
        if len(open_) > DEEPEST:
            raise ValueError(f"it is nested more than {DEEPEST} deep")
        if values > MOST_VALUES:
            raise ValueError(f"it has more than {MOST_VALUES:,} values, each alias counted as what it stands for")


def load_config(path: str | os.PathLike[str], *overlays: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping of a configuration file, overlaid, unchecked.

    Sections are merged key by key and all else is replaced, as by Snakemake's --configfile and --config. Raises
    UserError for a file that holds no mapping.
    """
    config = read_yaml(path)
    if not isinstance(config, dict):
        raise UserError(f"{path}: not a configuration; it must be a mapping of keys as in config.yaml")
    return overlaid(config, *overlays)


def overlaid(config: Mapping[str, Any], *overlays: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with others laid over it, as by Snakemake's --config; the first one stays as it is."""
    merged = dict(config)
    for overlay in overlays:
        for key, value in overlay.items():
            below = merged.get(key)
            merged[key] = overlaid(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
