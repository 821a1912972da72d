"""Twins: what a pair shares, what tells it apart, and that each is an example like any other."""

import dataclasses
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from subject_zoo.base.errors import UserError
from subject_zoo.chain import make_examples, sample_dataset, train_degraded
from subject_zoo.examples.plan import ExamplePlan, draw_plan
from subject_zoo.examples.sampler import PatternDatasetSampler
from subject_zoo.patterns.pools import Pools
from subject_zoo.project import Project
from subject_zoo.records.files import record_line
from tests.conftest import small_config
from tests.examples.promises import assert_equal, check_dataset, configs
from tests.finished_dataset import tiny_config
from tests.plain_sequences import PlainSequences

LARGE = ["palindrome", "starts_with", "ends_with", "has_majority", "increasing_pairs", "first_last_match"]
TWINS = {"dataset": {"twins": True, "corruption": "region"}}
PAIRS = 400


def pair_of(config: dict[str, Any], pair: int) -> tuple[ExamplePlan, ExamplePlan]:
    return draw_plan(config["seed"], 2 * pair, config), draw_plan(config["seed"], 2 * pair + 1, config)


def single(plan: ExamplePlan) -> ExamplePlan:
    return dataclasses.replace(plan, twin=None)


@pytest.mark.parametrize("mends", [True, False])
def test_a_pair_differs_in_one_pattern_and_in_nothing_else(mends):
    overlay = {"task_generation": {"include_modification": mends}, "patterns": {"min_target_sequences": 100}}
    config, without = small_config(overlay, TWINS), small_config(overlay)
    differing: Counter[str] = Counter()
    for pair in range(PAIRS):
        first, second = pair_of(config, pair)
        assert single(first) == draw_plan(config["seed"], 2 * pair, without)
        here, there = first.twin.only_here, first.twin.only_there
        assert set(first.selected_patterns) - set(second.selected_patterns) == {here}
        assert set(second.selected_patterns) - set(first.selected_patterns) == {there}
        assert list(second.selected_patterns) == [
            n for n in config["patterns"]["enabled"] if n in second.selected_patterns
        ]
        assert (second.twin.example_id, second.twin.only_here, second.twin.only_there) == (2 * pair, there, here)
        assert first.drawn_from == second.drawn_from == 2 * pair
        same = ("architecture", "learning_rate", *(() if first.target_pattern == here else ("target_pattern",)))
        assert all(getattr(first, name) == getattr(second, name) for name in same)
        if mends:
            assert (first.target_pattern == here) == (len(first.selected_patterns) == 1)
            assert second.target_pattern in second.selected_patterns
            assert second.target_pattern not in ("all_same", "alternating")  # which have fewer than 100
        assert first.of_twin(config["patterns"]["enabled"]) == second
        assert second.of_twin(config["patterns"]["enabled"]) == first
        assert ExamplePlan.from_dict(json.loads(json.dumps(second.to_dict()))) == second
        differing.update((here, there))
    assert set(differing) == set(config["patterns"]["enabled"])


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(configs(), st.integers(0, 10**8))
def test_a_pairs_datasets_keep_all_promises_and_share_their_rows(config, pair):
    config["dataset"] |= TWINS["dataset"]
    assume(config["patterns"]["max_patterns_per_batch"] < len(config["patterns"]["enabled"]))
    try:
        pools = Pools.create(config["seed"], config["patterns"], config["dataset"])
    except UserError:
        assume(False)
    sampler = PatternDatasetSampler(config, pools)
    plans = pair_of(config, pair)
    one, other = (sampler.sample(plan) for plan in plans)
    assert_equal(one, sampler.sample(single(plans[0])))
    assert one.region == sampler.sample(single(plans[0])).region
    shared_fault = plans[0].target_pattern == plans[1].target_pattern
    check_dataset(config, pools, plans[0], one)
    check_dataset(config, pools, plans[1], other, region_of_twin=shared_fault)
    if shared_fault:
        assert one.region == other.region
    np.testing.assert_array_equal(one.is_validation, other.is_validation)
    same = (one.tokens == other.tokens).all(axis=1)
    for side in (True, False):
        rows = [Counter(map(bytes, data.tokens[data.is_validation == side])) for data in (one, other)]
        assert same[one.is_validation == side].sum() == sum((rows[0] & rows[1]).values())


def test_every_sequence_that_may_stay_does():
    """Of groups that are large enough, but for a row or two where shares do not divide; and of the background, which
    fills what other groups leave, as much as has room."""
    patterns = {"enabled": LARGE, "sequence_length": 7}
    sizes = {"num_sequences": 1000, "pool_size": 2000, "min_holdout": 0}
    config = small_config({"patterns": patterns, "dataset": sizes}, TWINS)
    sampler = Project(config).sampler
    plain, shares = PlainSequences(config), {1: [], 2: [], 3: []}
    for pair in range(30):
        first, second = pair_of(config, pair)
        one, other = sampler.sample(first), sampler.sample(second)
        is_new = np.array([second.twin.only_here in plain.satisfied(text) for text in plain.texts(one.tokens)])
        is_gone = one.owners == LARGE.index(first.twin.only_here)
        background, room = (~data.labels & ~data.is_near_miss for data in (one, other))
        same = (one.tokens == other.tokens).all(axis=1) & (one.labels == other.labels)
        assert (one.labels & ~is_gone & ~is_new & ~same).sum() <= 2
        assert (background & ~same).sum() <= max(0, background.sum() - room.sum()) + 2
        shares[len(first.selected_patterns)].append(same.mean())
    assert all(min(of_number) > least for of_number, least in zip(shares.values(), (0.25, 0.45, 0.5), strict=True))


def test_networks_of_a_pair_start_alike_and_see_batches_in_one_order():
    """Hardly trained, they are what they started as; and with one dataset, what two trainings make is one network."""
    config = tiny_config(TWINS, {"training": {"learning_rate": [1e-9, 1e-9]}})
    made = make_examples(Project(config), range(6))
    texts = [str(made.degraded[i].weights) for i in range(6)]
    assert texts[0::2] == texts[1::2]
    assert len(set(texts)) == 3
    project = Project(tiny_config(TWINS))
    (plan, data), (other, _) = sample_dataset(project, [4, 5]).values()
    trained = train_degraded(project, {4: (plan, data), 5: (other, data)})
    assert str(trained[4].weights) == str(trained[5].weights)


def test_an_example_of_a_pair_is_the_same_alone():
    project = Project(tiny_config(TWINS), provenance={"signature_dataset": "none"})
    whole = {record["example_id"]: record_line(record) for record in make_examples(project, range(8)).records}
    assert any(example_id % 2 for example_id in whole)
    for example_id in (3, 6, 7):
        alone = make_examples(project, [example_id]).records
        assert [record_line(record) for record in alone] == [whole[i] for i in whole if i == example_id]


def test_a_record_names_its_twin():
    made = make_examples(Project(tiny_config(TWINS)), range(8))
    assert len(made.records) > 2
    for record in made.records:
        twin = made.examples[record["example_id"]][0].twin
        assert json.loads(record["metadata"])["twin"] == dataclasses.asdict(twin)
        assert twin.example_id == record["example_id"] ^ 1
