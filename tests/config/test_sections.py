"""Parts of a configuration in one canonical form, and the digest of all that decides an example."""

import re
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.config.check import check_config
from subject_zoo.config.sections import differences, science_digest, select

CONFIG = check_config(yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text(encoding="utf-8")))

# What plans, arranges or publishes the work, and can be changed in a project that has begun.
LOGISTICS = (
    "num_examples",
    "shrink",
    "max_candidates",
    "expected_acceptance",
    "min_acceptance",
    "examples_per_job",
    "largest_job",
    "ranges_per_shard",
    "cleanup",
    "benchmark",
    "splits",
    "publish",
)


def paths(config: dict) -> list[str]:
    """Every key that `select` takes: sections and the keys in them."""
    inner = [f"{name}.{key}" for name, value in config.items() if isinstance(value, dict) for key in value]
    return [*config, *inner]


def reordered(value, shuffle):
    """The same mapping with the keys of every level in another order."""
    if not isinstance(value, dict):
        return value
    return {key: reordered(value[key], shuffle) for key in shuffle(list(value))}


def sorted_everywhere(value) -> bool:
    if not isinstance(value, dict):
        return True
    return list(value) == sorted(value) and all(sorted_everywhere(item) for item in value.values())


def changed(value):
    """Another value of the same kind."""
    if isinstance(value, dict):
        return {**value, "another": 1}
    if isinstance(value, list):
        return [*value, "another"]
    return f"not {value}"


def test_select_takes_keys_and_whole_sections():
    chosen = select(CONFIG, ["seed", "training.batch_size", "training.learning_rate", "model"])
    assert chosen == {
        "seed": CONFIG["seed"],
        "training": {key: CONFIG["training"][key] for key in ("batch_size", "learning_rate")},
        "model": CONFIG["model"],
    }
    assert select(CONFIG, []) == {}


@given(st.lists(st.sampled_from(paths(CONFIG)), max_size=12), st.randoms())
def test_select_is_canonical_and_leaves_the_config_alone(keys, random):
    before = deepcopy(CONFIG)
    chosen = select(CONFIG, keys)
    shuffled = reordered(CONFIG, lambda names: random.sample(names, len(names)))
    assert repr(select(shuffled, random.sample(keys, len(keys)))) == repr(chosen)
    assert sorted_everywhere(chosen)
    assert repr(before) == repr(CONFIG)
    for key in keys:
        section, _, name = key.partition(".")
        assert (chosen[section][name] == CONFIG[section][name]) if name else (chosen[section] == CONFIG[section])
    wanted = {key.partition(".")[0] for key in keys}
    assert set(chosen) == wanted
    for section in wanted - set(keys):
        assert set(chosen[section]) == {key.partition(".")[2] for key in keys if key.startswith(f"{section}.")}


@pytest.mark.parametrize("key", ["nonsense", "training.nonsense", "nonsense.batch_size"])
def test_select_refuses_keys_that_do_not_exist(key):
    with pytest.raises(KeyError):
        select(CONFIG, ["seed", key])


@given(st.randoms())
def test_the_digest_does_not_depend_on_the_order_of_keys(random):
    shuffled = reordered(CONFIG, lambda names: random.sample(names, len(names)))
    assert science_digest(shuffled) == science_digest(CONFIG)


def test_the_digest_is_a_sha256_in_hex():
    assert re.fullmatch(r"[0-9a-f]{64}", science_digest(CONFIG))


@pytest.mark.parametrize("key", LOGISTICS)
def test_logistics_do_not_count(key):
    assert key in CONFIG
    assert science_digest({**CONFIG, key: changed(CONFIG[key])}) == science_digest(CONFIG)


@pytest.mark.parametrize("path", [path for path in paths(CONFIG) if path.partition(".")[0] not in LOGISTICS])
def test_all_else_counts(path):
    section, _, key = path.partition(".")
    config = deepcopy(CONFIG)
    if key:
        config[section][key] = changed(config[section][key])
    else:
        config[section] = changed(config[section])
    assert science_digest(config) != science_digest(CONFIG)


def test_the_order_of_a_list_counts():
    config = deepcopy(CONFIG)
    config["patterns"]["enabled"].reverse()
    assert science_digest(config) != science_digest(CONFIG)


@given(st.sampled_from(paths(CONFIG)))
def test_differences_are_named_where_the_digest_tells_them(path):
    section, _, key = path.rpartition(".")
    other = deepcopy(CONFIG)
    place = other[section] if section else other
    place[key] = changed(place[key])
    named = [line.partition(" (")[0] for line in differences(CONFIG, other)]
    assert bool(named) is (science_digest(other) != science_digest(CONFIG))
    assert all(name.startswith(path) for name in named)
    assert differences(CONFIG, deepcopy(CONFIG)) == []


def test_differences_show_short_values():
    older = {key: value for key, value in CONFIG.items() if key != "device"}
    assert differences(older, {**CONFIG, "seed": 7}) == ["seed (0, now 7)", f"device (absent, now {CONFIG['device']})"]
