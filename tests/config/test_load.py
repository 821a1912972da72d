"""YAML that has no end, or no place in a machine, is one line before anything of it is built."""

import time
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from snakemake.utils import update_config

from subject_zoo.base.errors import UserError
from subject_zoo.config.check import check_config
from subject_zoo.config.command_line import check_arguments
from subject_zoo.config.load import DEEPEST, LARGEST, MOST_VALUES, overlaid, parse_yaml, read_yaml

SCRIPTS = Path(__file__).parents[2] / "scripts"


def laughs(template: str) -> str:
    """Twelve anchors, each of which holds the one before ten times."""
    lines = [f"a{i}: &a{i} {template.format(','.join([f'*a{i - 1}'] * 10))}" for i in range(1, 12)]
    return "\n".join(["a0: &a0 {k: 1}", *lines])


ENDLESS = {
    "a: &a {b: *a}\n": "a holds itself",
    "patterns: &a {enabled: *a}\n": "a holds itself",
    "a: &a [*a]\n": "a holds itself",
    "a: " + "[" * 100_000: f"nested more than {DEEPEST} deep",
    "a: " + "[" * 100_000 + "]" * 100_000: f"nested more than {DEEPEST} deep",
    "a: " + "{a: " * 100_000: f"nested more than {DEEPEST} deep",
    "- " * 100_000 + "x": f"nested more than {DEEPEST} deep",
    "? " * 100_000 + "x": f"nested more than {DEEPEST} deep",
    laughs("[{}]"): f"more than {MOST_VALUES:,} values",
    laughs("{{<<: [{}]}}"): f"more than {MOST_VALUES:,} values",
    "seed: " + "1" * 100_000: "a value of 100,000 characters",
    "seed: " + "1" * 9_000: "integer string conversion",
    "seed: 2001-99-99": "month must be in 1..12",
    "seed: !!int abc": "invalid literal",
    "seed: !!python/object/apply:os.system [true]": "could not determine a constructor",
    "? [a]\n: b": "unhashable",
    'seed: "\\ud800"': "invalid Unicode",
    "\0": "control characters",
    "x" * (LARGEST + 1): "at most 1,000,000 are read",
    "{a: 1, a: 2}": "a stands there twice",
    "{" + f"{'a' * 1_000}: 1, " * 2 + "}": "stands there twice",
}


@pytest.mark.parametrize(("text", "expected"), ENDLESS.items(), ids=range(len(ENDLESS)))
def test_what_cannot_be_built_is_one_line_at_once(tmp_path, text, expected):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    start = time.monotonic()
    with pytest.raises(UserError, match=expected) as raised:
        read_yaml(path)
    assert time.monotonic() - start < 15
    assert str(raised.value).startswith(str(path))
    assert len(str(raised.value).splitlines()) == 1
    assert len(str(raised.value)) < 500


def test_many_different_keys_take_no_time(tmp_path):
    text = "{" + ",".join(f"{i:x}" for i in range(40_000)) + "}"
    start = time.monotonic()
    assert len(parse_yaml(text)) == 40_000
    assert time.monotonic() - start < 15


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["C"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
)


@given(VALUES)
def test_a_value_of_usual_extent_is_what_yaml_says(value):
    text = yaml.safe_dump(value)
    assert parse_yaml(text) == yaml.safe_load(text)


def test_aliases_that_stand_for_little_are_fine():
    assert parse_yaml("a: &x [1, {b: &y 2}]\nc: *x\nd: [*x, *y]") == {
        "a": [1, {"b": 2}],
        "c": [1, {"b": 2}],
        "d": [[1, {"b": 2}], 2],
    }


def cyclic() -> dict:
    value: dict = {}
    value["patterns"] = value
    return value


def wide() -> dict:
    value: list = ["x"]
    for _ in range(30):
        value = [value] * 10
    return {"patterns": value}


@pytest.mark.parametrize("config", [cyclic(), wide()], ids=["holds itself", "laughs"])
def test_a_mapping_without_end_is_one_line_whoever_hands_it_over(config):
    with pytest.raises(UserError, match=r"^config: "):
        check_config(config)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--configfile", "{}"],
        ["-n", "--configfile={}", "--", "results/tallies/000000.json"],
        ["--configfiles", "{}", "--cores", "1"],
        ["--config", "x={{b: &a {{c: *a}}}}"],
        ["-C", "x=" + "[" * 3000],
    ],
    ids=lambda words: words[0],
)
def test_a_look_before_snakemake_loads_what_kills_it(tmp_path, arguments):
    path = tmp_path / "mine.yaml"
    path.write_text(laughs("{{<<: [{}]}}"))
    with pytest.raises(UserError) as raised:
        check_arguments([word.format(path) for word in arguments])
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["-n"], ["--config", "num_examples=3", "x={a: 1}"], ["--cores"]])
def test_a_look_lets_all_else_through(arguments):
    check_arguments(arguments)


def test_a_key_of_ten_megabytes_is_one_short_line_at_once():
    start = time.monotonic()
    with pytest.raises(UserError) as raised:
        check_config({"seed" * 3_000_000: 1, "model": {"num_layers" * 1_000_000: "x" * 10_000_000}})
    assert time.monotonic() - start < 15
    assert len(str(raised.value)) < 400


KEYS = st.sampled_from("abc")
PLAIN = st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2)
MAPPINGS = st.recursive(
    st.dictionaries(KEYS, PLAIN, min_size=1),  # an empty one over a number is nothing to Snakemake
    lambda values: st.dictionaries(KEYS, PLAIN | values, min_size=1),
    max_leaves=6,
)


@given(MAPPINGS, MAPPINGS)
def test_mappings_are_laid_over_one_another_as_snakemake_does(config, overlay):
    before, expected = deepcopy(config), deepcopy(config)
    update_config(expected, overlay)
    assert overlaid(config, overlay) == expected
    assert config == before
