"""Numbers that no machine can hold are refused, whatever they are, and what is let through can be held."""

from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from subject_zoo.config.check import check_config
from tests.config.overlays import DEFAULT, LEAVES, RULES, merged, outcome, put

BY_OTHERS = {("patterns", "min_patterns_per_batch"), ("patterns", "max_patterns_per_batch")}  # at most the enabled ones


def asks_for_numbers(rule):
    kinds = rule.get("type")
    return bool({"integer", "number"} & ({kinds} if isinstance(kinds, str) else {*kinds}))


NUMBERS = [path for path in LEAVES if asks_for_numbers(RULES[path])]
HUGE = st.sampled_from([10**power for power in range(19)]) | st.integers(0, 10**18) | st.integers(0, 3000)


def test_every_number_has_an_upper_bound():
    for path in LEAVES:
        rule = RULES[path]
        if rule["type"] == "array" and "enum" not in rule["items"]:
            rule = rule["items"]
        if asks_for_numbers(rule) and path not in BY_OTHERS and path != ("splits", "held_out"):
            assert {"maximum", "exclusiveMaximum"} & {*rule}, path


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(NUMBERS), HUGE, min_size=1, max_size=6))
def test_what_passes_can_be_held(values):
    config = deepcopy(DEFAULT)
    for path, value in values.items():
        put(config, path, value)
    checked = outcome(config)
    if checked is None:
        return
    dataset, examples = checked["dataset"], checked["largest_job"]
    rows = dataset["num_sequences"] * (checked["patterns"]["sequence_length"] + 5)  # the very arrays of an example
    assert examples * rows < 10**12
    assert 31 * dataset["pool_size"] < 2**31
    candidates = min(checked["num_examples"] / checked["expected_acceptance"], checked["max_candidates"])
    assert candidates / examples <= 200_000
    assert min(examples * checked["ranges_per_shard"], checked["max_candidates"]) < 10**9


def test_millions_of_examples_are_no_mistake():
    check_config(merged({"num_examples": 1_000_000, "max_candidates": 1_250_000}))
    check_config(merged({"num_examples": 10_000_000, "max_candidates": 12_500_000, "largest_job": 1000}))
    check_config(merged({"num_examples": 500_000_000, "max_candidates": 10**9, "largest_job": 4000}))
