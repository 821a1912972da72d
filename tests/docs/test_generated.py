"""What docs/ says of the configuration, the commands and the Makefile is what these say."""

import runpy

import pytest
import yaml

from subject_zoo.config.schema import load_schema
from tests.docs.pages import DOCS, ROOT, code_blocks

GENERATE = runpy.run_path(str(ROOT / "docs/generate.py"))
CONFIGURATION = ROOT / "docs/configuration.md"


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_pages_stand_as_make_docs_writes_them(page):
    text = page.read_text(encoding="utf-8")
    assert GENERATE["filled"](text) == text, "make docs"
    assert GENERATE["PART"].sub("", text).count("written by make docs") == 0, "a part without its end"


def test_every_part_has_its_place():
    written = [found[1] for page in DOCS for found in GENERATE["PART"].finditer(page.read_text(encoding="utf-8"))]
    assert sorted(written) == sorted(GENERATE["PARTS"])


def test_the_reference_shows_all_of_config_yaml_and_each_key_with_its_rule():
    shown = {}
    for block in code_blocks(CONFIGURATION, "yaml"):
        shown |= yaml.safe_load(block)
    assert shown == yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    text = CONFIGURATION.read_text(encoding="utf-8")

    def check(properties, section=""):
        for key, rule in properties.items():
            if rule["type"] != "object":
                assert f"| `{section}{key}` | " in text
                assert f"| {rule['description']} |" in text
            check(rule.get("properties", {}), f"{key}." if rule["type"] != "object" else "")

    check(load_schema()["properties"])
