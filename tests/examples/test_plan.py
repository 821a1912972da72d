"""What an example is going to be: everything reachable, within range, and drawn independently."""

import json
from collections import Counter
from copy import deepcopy
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from subject_zoo.base.randomness import ProjectPurpose, Purpose, example_generator, project_generator
from subject_zoo.examples.plan import ExamplePlan, draw_architecture, draw_learning_rate, draw_plan
from subject_zoo.patterns.definitions import PATTERNS
from tests.conftest import small_config

EXAMPLES = 4000
UNLIKELY = 1e-4  # a p-value below this is no chance; seeds are fixed, so a test that passes once always does

seeds, ids = st.integers(0, 2**63 - 1), st.integers(0, 10**9)


@cache
def plans() -> list[ExamplePlan]:
    config = small_config({"model": {"num_layers": [2, 4], "neurons_per_layer": [5, 9], "dropout_rate": [0.1, 0.3]}})
    return [draw_plan(config["seed"], example_id, config) for example_id in range(EXAMPLES)]


def is_uniform(values: list, choices: int) -> bool:
    counts = Counter(values)
    return len(counts) == choices and stats.chisquare(list(counts.values())).pvalue > UNLIKELY


def test_selections_are_within_their_counts_in_the_order_of_the_config_and_uniform():
    selections = [plan.selected_patterns for plan in plans()]
    assert is_uniform([len(selected) for selected in selections], 3)
    for selected in selections:
        assert list(selected) == [name for name in PATTERNS if name in selected]
    assert is_uniform([name for selected in selections for name in selected], 15)
    assert is_uniform([selected for selected in selections if len(selected) == 2], 15 * 14 // 2)


def test_every_pattern_is_reached_as_target():
    assert all(plan.target_pattern in plan.selected_patterns for plan in plans())
    assert is_uniform([plan.target_pattern for plan in plans()], 15)
    places = [plan.selected_patterns.index(plan.target_pattern) for plan in plans() if len(plan.selected_patterns) == 3]
    assert is_uniform(places, 3)


def test_patterns_of_few_sequences_are_selected_and_never_the_target(config):
    config["patterns"] |= {"min_target_sequences": 100}  # of 7 ** 5: all_same has 7 and alternating 42
    drawn = [draw_plan(0, example_id, config) for example_id in range(EXAMPLES)]
    small = {"all_same", "alternating"}
    assert small <= {name for plan in drawn for name in plan.selected_patterns}
    assert is_uniform([len(plan.selected_patterns) for plan in drawn], 3)
    assert is_uniform([plan.target_pattern for plan in drawn if len(plan.selected_patterns) == 1], 13)
    assert small.isdisjoint(plan.target_pattern for plan in drawn)
    for plan in drawn:
        left = set(plan.selected_patterns) - small
        assert plan.target_pattern in left
    both = [plan for plan in drawn if len(set(plan.selected_patterns) - small) == 2]
    places = [sorted(set(plan.selected_patterns) - small).index(plan.target_pattern) for plan in both]
    assert is_uniform(places, 2)


@given(seeds, ids, st.data())
def test_counts_of_patterns_keep_to_the_config(seed, example_id, data):
    enabled = data.draw(st.lists(st.sampled_from(PATTERNS), min_size=1, unique=True))
    low = data.draw(st.integers(1, len(enabled)))
    high = data.draw(st.integers(low, len(enabled)))
    config = small_config(
        {"patterns": {"enabled": enabled, "min_patterns_per_batch": low, "max_patterns_per_batch": high}}
    )
    selected = draw_plan(seed, example_id, config).selected_patterns
    assert low <= len(selected) <= high
    assert list(selected) == [name for name in enabled if name in selected]


def test_architectures_reach_both_ends_of_every_range():
    architectures = [plan.architecture for plan in plans()]
    assert is_uniform([a.num_layers for a in architectures], 3)
    assert is_uniform([a.neurons_per_layer for a in architectures], 5)
    assert is_uniform([a.activation_type for a in architectures], 5)
    assert {a.num_layers for a in architectures} == {2, 3, 4}
    assert {a.neurons_per_layer for a in architectures} == {5, 6, 7, 8, 9}
    rates = [a.dropout_rate for a in architectures]
    assert min(rates) >= 0.1
    assert max(rates) <= 0.3
    assert stats.kstest(rates, stats.uniform(0.1, 0.2).cdf).pvalue > UNLIKELY


def test_the_rest_of_an_architecture_is_the_configs(config):
    config["model"] |= {"input_encoding": "ordinal", "precision": "bfloat16", "dropout_rate": [0.0, 0.0]}
    architecture = draw_plan(0, 5, config).architecture
    assert (architecture.vocab_size, architecture.sequence_length) == (7, 5)
    assert (architecture.input_encoding, architecture.precision) == ("ordinal", "bfloat16")
    assert architecture.dropout_rate == 0.0


def test_learning_rates_are_log_uniform(config):
    config["training"]["learning_rate"] = [0.0005, 0.02]
    rates = [draw_learning_rate(0, example_id, config["training"]) for example_id in range(EXAMPLES)]
    assert stats.kstest(rates, stats.loguniform(0.0005, 0.02).cdf).pvalue > UNLIKELY
    assert all(rate == float(f"{rate:.6g}") for rate in rates)


@given(seeds, ids, st.floats(1e-9, 10), st.floats(1, 1.00001))
def test_learning_rates_stay_in_the_narrowest_range(seed, example_id, low, factor):
    assert low <= draw_learning_rate(seed, example_id, {"learning_rate": [low, low * factor]}) <= low * factor


@given(seeds, ids, st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_dropout_stays_in_the_narrowest_range(seed, example_id, one, other):
    config = small_config()
    low, high = sorted((one, other))
    for limits in ([low, high], [low, low], [high, high]):
        config["model"]["dropout_rate"] = limits
        rate = draw_architecture(seed, example_id, config["patterns"], config["model"]).dropout_rate
        assert limits[0] <= rate <= limits[1]


CHANGES = {
    "patterns": {"patterns": {"enabled": ["palindrome", "no_repeats", "ends_with"], "max_patterns_per_batch": 2}},
    "architecture": {"model": {"num_layers": [3, 9], "activation_types": ["tanh", "relu"], "dropout_rate": [0.1, 0.9]}},
    "learning_rate": {"training": {"learning_rate": [1e-5, 1e-4]}},
}


@pytest.mark.parametrize("changed", CHANGES)
def test_a_part_of_the_plan_depends_on_its_part_of_the_config_alone(config, changed):
    altered = small_config(CHANGES[changed])
    for example_id in range(30):
        one, other = draw_plan(0, example_id, config), draw_plan(0, example_id, altered)
        parts = {
            "patterns": [(plan.selected_patterns, plan.target_pattern) for plan in (one, other)],
            "architecture": [plan.architecture for plan in (one, other)],
            "learning_rate": [plan.learning_rate for plan in (one, other)],
        }
        before, after = parts.pop(changed)
        assert before != after or (changed == "patterns" and len(before[0]) == 1)
        assert all(same == still for same, still in parts.values())


def test_one_part_of_the_plan_says_nothing_of_another():
    """No draw is a function of another one: what interprets the weights cannot read patterns off the shape."""
    median = np.median([plan.learning_rate for plan in plans()])
    parts = {
        "target": [plan.target_pattern for plan in plans()],
        "count": [len(plan.selected_patterns) for plan in plans()],
        "layers": [plan.architecture.num_layers for plan in plans()],
        "neurons": [plan.architecture.neurons_per_layer for plan in plans()],
        "activation": [plan.architecture.activation_type for plan in plans()],
        "rate": [bool(plan.learning_rate > median) for plan in plans()],
    }
    names = list(parts)
    for one in names:
        for other in names[names.index(one) + 1 :]:
            table = stats.contingency.crosstab(parts[one], parts[other]).count
            assert stats.chi2_contingency(table).pvalue > UNLIKELY, (one, other)


def test_a_plan_does_not_depend_on_the_plans_before_it(config):
    alone = draw_plan(0, 7, config)
    for example_id in (3, 9, 7):
        again = draw_plan(0, example_id, deepcopy(config))
    assert again == alone
    assert draw_plan(0, 8, config) != alone
    assert draw_plan(1, 7, config) != alone


@given(seeds, ids)
def test_a_plan_comes_back_from_json(seed, example_id):
    plan = draw_plan(seed, example_id, small_config({"model": {"dropout_rate": [0.0, 0.5]}}))
    assert ExamplePlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


# Generators


@given(seeds, ids, st.sampled_from(Purpose))
def test_an_examples_generator_is_that_of_its_seed_sequence(seed, example_id, purpose):
    sequence = np.random.SeedSequence(seed, spawn_key=(example_id, int(purpose)))
    expected = np.random.Generator(np.random.PCG64(sequence)).integers(2**63, size=3)
    np.testing.assert_array_equal(example_generator(seed, example_id, purpose).integers(2**63, size=3), expected)


def test_no_two_generators_draw_the_same():
    keys = [
        example_generator(seed, example_id, purpose)
        for seed in (0, 1, 2**40)
        for example_id in (0, 1, 999_999_999)
        for purpose in Purpose
    ]
    keys += [project_generator(seed, purpose, part) for seed in (0, 1) for purpose in ProjectPurpose for part in (0, 1)]
    assert len({int(generator.integers(2**63)) for generator in keys}) == len(keys)


def test_purposes_keep_their_numbers():
    """Every dataset in the world was drawn with these: a new purpose goes to the end."""
    assert [purpose.name for purpose in sorted(Purpose)][:11] == [
        "PATTERNS",
        "TARGET",
        "ARCHITECTURE",
        "LEARNING_RATE",
        "SEQUENCES",
        "CORRUPTION",
        "INITIAL_WEIGHTS",
        "DEGRADED_BATCHES",
        "IMPROVEMENT_BATCHES",
        "DEGRADED_DROPOUT",
        "IMPROVEMENT_DROPOUT",
    ]
    assert [purpose.name for purpose in sorted(ProjectPurpose)][:7] == [
        "POOLS",
        "NEAR_MISSES",
        "BACKGROUND",
        "TEST_SET",
        "PROBES",
        "BENCHMARK",
        "SLICES",
    ]
    assert [*Purpose] == list(range(len(Purpose)))
    assert [*ProjectPurpose] == list(range(len(ProjectPurpose)))
