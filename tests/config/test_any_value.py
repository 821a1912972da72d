"""Any value at any key: it passes soundly, or gives one line."""

import datetime
import json
import math
from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.config.overlays import DEFAULT, LEAVES, RULES, SCHEMA, complaint, merged, outcome, put

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 30),
    st.floats(),
    st.floats(-0.5, 1.5),
    st.text(max_size=8),
    st.sampled_from(["null", "", "1e3", "1e999", "-0", "nan", "none", "A", "all_same", "relu", "true"]),
    st.dates(),
    st.binary(max_size=3),
    st.just({1, 2}),
    st.just(10**400),
)
KEYS = st.text(max_size=5) | st.integers() | st.none() | st.booleans() | st.dates()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=5,
)
SECTIONS = [(), *((key,) for key, value in DEFAULT.items() if isinstance(value, dict))]
SOUND = Draft202012Validator(SCHEMA)


@given(st.sampled_from(sorted(RULES)), VALUES)
def test_any_value_at_any_key_passes_soundly_or_gives_one_line(path, value):
    config = deepcopy(DEFAULT)
    put(config, path, value)
    checked = outcome(config)
    if checked is not None:
        assert SOUND.is_valid(checked)
        assert json.loads(json.dumps(checked, allow_nan=False)) == checked


@given(st.sampled_from(SECTIONS), KEYS, VALUES)
def test_any_further_key_gives_one_line(section, key, value):
    config = deepcopy(DEFAULT)
    target = config[section[0]] if section else config
    if key not in target:
        target[key] = value
        assert outcome(config) is None


@given(st.sampled_from(sorted(LEAVES)), VALUES)
def test_what_the_schema_forbids_is_never_accepted_unchanged(path, value):
    """Against the plain JSON Schema validator, which knows nothing of this module."""
    config = deepcopy(DEFAULT)
    put(config, path, value)
    checked = outcome(config)
    if not SOUND.is_valid(config) and checked is not None:
        entries = value if isinstance(value, list) else [value]
        assert any(isinstance(entry, str) for entry in entries)  # text that reads as a number, true or null


@given(st.sampled_from(sorted(path for path in LEAVES if len(path) == 2)), st.floats(-1, 40))
def test_numbers_beyond_the_schema_are_refused_and_named(path, number):
    config = merged({path[0]: {path[1]: number}})
    if not SOUND.is_valid(config):
        assert complaint(config).startswith(f"config: {'.'.join(path)} is ")


def test_non_numbers_stand_nowhere():
    for path in LEAVES:
        for value in (math.nan, math.inf, -math.inf, datetime.date(2020, 1, 1), b"x"):
            config = deepcopy(DEFAULT)
            put(config, path, value)
            assert complaint(config).startswith(f"config: {'.'.join(path)} is ")
