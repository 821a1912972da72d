"""The frozen benchmark asks what it always asked: no default and no edit of the library changes it."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from subject_zoo.base.terms import TASKS
from subject_zoo.chain import make_examples
from subject_zoo.config.sections import LOGISTICS
from subject_zoo.project import Project
from tests.docs.pages import ROOT

PRESET = yaml.safe_load((ROOT / "presets/benchmark.yaml").read_text(encoding="utf-8"))
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
# sha256 of the first eight candidates' ids, prompts and completions, task after task: never to be changed.
FIRST = "daa5204bbb9bea17424b750c282cfc3ab9cfe1faeff40570e19c15fff93acb34"


def keys(config: Mapping[str, Any], section: str = "") -> set[str]:
    return {
        key
        for name, value in config.items()
        for key in (keys(value, f"{section}{name}.") if isinstance(value, Mapping) else {f"{section}{name}"})
    }


def test_the_preset_names_every_key_that_decides_what_a_record_holds_and_where_it_stands():
    decisive = {name: value for name, value in DEFAULT.items() if name not in set(LOGISTICS) - {"splits", "benchmark"}}
    assert keys(PRESET) == keys(decisive) | {"num_examples", "expected_acceptance"}


def test_it_asks_what_it_always_asked():
    records = make_examples(Project.from_config(ROOT / "config.yaml", PRESET), range(8)).records
    digest = hashlib.sha256()
    for task in TASKS:
        for record in records:
            line = [record["example_id"], record[f"{task}_prompt"], record[f"{task}_completion"]]
            digest.update(json.dumps(line).encode())
    assert digest.hexdigest() == FIRST


def test_its_digests_are_told():
    page = (ROOT / "docs/judging.md").read_text(encoding="utf-8")
    assert len(set(re.findall(r"`[0-9a-f]{64}`", page))) == len(TASKS)
