"""The default configuration, overlaid for tests, and its keys."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import TASKS
from subject_zoo.config.check import check_config
from subject_zoo.config.schema import load_schema

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "config.yaml").read_text(encoding="utf-8")
DEFAULT = yaml.safe_load(TEXT)
SCHEMA = load_schema()
PRESETS = sorted((ROOT / "presets").glob("*.yaml"))
TOKEN = "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH"


def merged(*overlays):
    """config.yaml under overlays given as YAML text or mappings, merged as Snakemake merges them."""
    config = deepcopy(DEFAULT)
    for overlay in overlays:
        update_config(config, yaml.safe_load(overlay) if isinstance(overlay, str) else overlay)
    return config


def complaint(config):
    """The one line that a bad configuration gives."""
    with pytest.raises(UserError) as raised:
        check_config(config)
    line = str(raised.value)
    assert len(line.splitlines()) == 1
    assert line.startswith("config: ")
    return line


def outcome(config):
    """The checked configuration, or None after one line that says why there is none."""
    try:
        return check_config(config)
    except UserError as error:
        line = str(error)
        assert line.startswith("config: ")
        assert len(line.splitlines()) == 1
        assert len(line) < 1000
        return None


def leaves(tree, path=()):
    """(path, value) of every key of a tree of sections that is not a section itself, as methods by task are none."""
    for key, value in tree.items():
        if isinstance(value, dict) and key != "methods":
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def rules(schema, path=()):
    """(path, schema) of every key, sections included; what may be a list or a mapping is one key."""
    for key, rule in schema["properties"].items():
        yield (*path, key), rule
        if rule["type"] == "object":
            yield from rules(rule, (*path, key))


def put(config, path, value):
    for key in path[:-1]:
        config = config[key]
    config[path[-1]] = value


def put_all(config, overlay):
    """A copy of the configuration with the overlay's values."""
    config = deepcopy(config)
    for path, value in leaves(overlay):
        put(config, path, value)
    return config


def by_task(config):
    """The configuration with its signature methods, where they are one list, as one for each task."""
    signature = config["signature"]
    methods = signature["methods"]
    of_tasks = methods if isinstance(methods, dict) else dict.fromkeys(TASKS, methods)
    return {**config, "signature": {**signature, "methods": of_tasks}}


LEAVES = dict(leaves(DEFAULT))
RULES = dict(rules(SCHEMA))
