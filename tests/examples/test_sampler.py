"""The datasets of examples: they keep their promises, and depend on nothing else."""

import dataclasses
import json
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from subject_zoo.base.arrays import load_npz, save_npz
from subject_zoo.base.errors import UserError
from subject_zoo.examples.plan import draw_plan
from subject_zoo.examples.sampler import NEGATIVE, PatternDatasetSampler
from subject_zoo.patterns.pools import Pools
from subject_zoo.patterns.slices import Slice
from subject_zoo.project import Project
from tests.examples.promises import FIELDS, assert_equal, check_dataset, configs, plan_of
from tests.patterns.drawn import create, sized


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(configs(), st.integers(0, 10**9))
def test_datasets_keep_their_promises(config, example_id):
    try:
        pools = create(config)
    except UserError:
        assume(False)
    plan = draw_plan(config["seed"], example_id, config)
    check_dataset(config, pools, plan, PatternDatasetSampler(config, pools).sample(plan))


@pytest.mark.parametrize("sizes", [(26, 20), (5, 4), (5, 20), (26, 4)], ids=str)
def test_datasets_of_extreme_sizes_keep_their_promises(sizes):
    config = sized(*sizes, num_sequences=600, pool_size=250)
    pools = create(config)
    sampler = PatternDatasetSampler(config, pools)
    for example_id in range(2):
        plan = draw_plan(config["seed"], example_id, config)
        check_dataset(config, pools, plan, sampler.sample(plan))


@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
def test_corruption_flips_its_share_of_the_target_and_nothing_else(pools, config, rate):
    config["dataset"] |= {"corruption_rate": rate, "num_sequences": 1200}
    plan = plan_of(config, "palindrome", "first_last_match", target="palindrome")
    data = PatternDatasetSampler(config, pools).sample(plan)
    check_dataset(config, pools, plan, data)
    of_target = data.owners == pools.names.index("palindrome")
    distinct = len(np.unique(data.tokens[of_target], axis=0))
    assert 100 < distinct < of_target.sum() == 300  # some are copies
    flipped = data.labels != data.corrupted_labels
    assert len(np.unique(data.tokens[flipped], axis=0)) == round(rate * distinct)
    assert flipped.sum() == of_target.sum() * rate if rate in (0, 1) else 0 < flipped.sum() < of_target.sum()


def test_regions_differ_from_example_to_example_and_hold_half(pools, config):
    config["dataset"] |= {"corruption": "region", "corruption_rate": 0.5, "num_sequences": 1200}
    sampler, regions = PatternDatasetSampler(config, pools), []
    for example_id in range(20):
        plan = dataclasses.replace(plan_of(config, "has_majority"), example_id=example_id)
        data = sampler.sample(plan)
        check_dataset(config, pools, plan, data)
        regions.append(json.dumps(data.region))
        assert 0.4 < (data.labels != data.corrupted_labels).sum() / data.labels.sum() < 0.6
    assert len(set(regions)) == 20
    assert len({tuple(json.loads(region)["positions"]) for region in regions}) > 5


def test_near_misses_are_half_of_unselected_patterns_and_half_changed_members(pools, config):
    config["dataset"] |= {"num_sequences": 1000, "negative_ratio": 0.6, "near_miss_ratio": 0.7}
    plan = plan_of(config, "contains_abc", "ends_with")
    data = PatternDatasetSampler(config, pools).sample(plan)
    check_dataset(config, pools, plan, data)
    assert data.is_near_miss.sum() == 420
    enabled = (pools.masks[:, None] >> np.arange(15) & 1).astype(bool)
    mask_of = dict(zip(map(bytes, pools.tokens), enabled, strict=True))
    satisfied = np.array([mask_of[bytes(row)] for row in data.tokens[data.is_near_miss]])
    assert 210 <= satisfied.any(axis=1).sum() < 400  # some changed members satisfy nothing
    by_pattern = satisfied.sum(axis=0)
    assert (by_pattern[[n not in plan.selected_patterns for n in pools.names]] >= 210 // 13).all()


def test_every_kind_of_negative_is_on_both_sides_whatever_the_positives_leave_to_them(pools, config):
    """Patterns too rare to hold out are all trained on, and their part of the validation split goes elsewhere."""
    config["dataset"]["num_sequences"] = 3000
    plan = plan_of(config, "all_same")
    data = PatternDatasetSampler(config, pools).sample(plan)
    check_dataset(config, pools, plan, data)
    assert not data.is_validation[data.labels].any()
    for pattern, name in enumerate(pools.names):
        of_pattern = set(map(bytes, pools.tokens[pools.members[pattern]]))
        held = [
            validation
            for row, near, validation in zip(data.tokens, data.is_near_miss, data.is_validation, strict=True)
            if near and bytes(row) in of_pattern
        ]
        if pools.counts[pattern] >= config["dataset"]["min_holdout"]:
            assert 0.05 < np.mean(held) < 0.5, name


def test_patterns_too_rare_to_hold_out_validate_where_negatives_are_too_few(pools, config):
    """All models of a stack have as many validation rows, and negatives must be left to train on."""
    config["dataset"] |= {"validation_fraction": 0.3, "negative_ratio": 0.2}
    plan = plan_of(config, "all_same")
    data = PatternDatasetSampler(config, pools).sample(plan)
    check_dataset(config, pools, plan, data)
    assert data.is_validation[data.labels].any()
    assert 0.4 < data.is_validation[~data.labels].mean() < 0.6


def test_a_group_of_two_keeps_one_to_train_on_however_much_is_to_be_held_out(config):
    """One near miss of one kind, which stays on one side, leaves its part to two of the other kind."""
    config["patterns"] |= {"enabled": ["palindrome", "ends_with"], "max_patterns_per_batch": 2}
    config["dataset"] |= {"num_sequences": 20, "near_miss_ratio": 1.0, "validation_fraction": 0.4}
    pools = create(config)
    training = [row for row in range(len(pools.tokens)) if pools.slices[row] == Slice.TRAIN]
    of_ends_with = np.array([row for row in training if pools.masks[row] == 2])
    pools = dataclasses.replace(
        pools,
        members=(pools.members[0], of_ends_with[:1]),
        near_misses=(of_ends_with[1:3], pools.near_misses[1]),
    )
    plan = plan_of(config, "palindrome")
    data = PatternDatasetSampler(config, pools).sample(plan)
    allowed = set(map(bytes, pools.tokens[of_ends_with[:3]]))
    assert {bytes(row) for row in data.tokens[~data.labels]} == allowed
    sides = {row: set(data.is_validation[(data.tokens == list(row)).all(axis=1)].tolist()) for row in allowed}
    assert sorted(map(sorted, sides.values())) == [[False], [False], [True]]
    assert data.is_validation.sum() == 8


def test_copies_of_few_positives_stay_apart_when_validation_is_owed(pools, config):
    """A pool of 2 after a group that may not validate: most of its copies are held out, never all sequences."""
    pattern = pools.names.index("palindrome")
    few = [row for row in pools.members[pattern] if pools.slices[row] == Slice.TRAIN][:2]
    members = list(pools.members)
    members[pattern] = np.array(few)
    config["dataset"] |= {"validation_fraction": 0.45, "negative_ratio": 0.01}
    plan = plan_of(config, "all_same", "palindrome", target="palindrome")
    data = PatternDatasetSampler(config, dataclasses.replace(pools, members=tuple(members))).sample(plan)
    for row in few:
        sides = data.is_validation[(data.tokens == pools.tokens[row]).all(axis=1)]
        assert len(sides) > 10
        assert len(set(sides.tolist())) == 1
    assert data.is_validation.sum() == 135


def test_a_pattern_that_owns_nothing_leaves_its_share_to_the_others(pools, config):
    """Possible where slices are small: here all palindromes that train are taken for another pattern's."""
    palindrome, first_last = (pools.names.index(name) for name in ("palindrome", "first_last_match"))
    members = list(pools.members)
    members[first_last] = members[palindrome]
    plan = plan_of(config, "palindrome", "first_last_match", target="first_last_match")
    data = PatternDatasetSampler(config, dataclasses.replace(pools, members=tuple(members))).sample(plan)
    assert data.labels.sum() == 150
    assert set(data.owners.tolist()) == {palindrome, NEGATIVE}
    np.testing.assert_array_equal(data.labels, data.corrupted_labels)


def test_near_misses_do_not_use_up_a_small_background():
    config = sized(5, 4, num_sequences=2000)
    config["patterns"] |= {"enabled": ["first_last_match"], "max_patterns_per_batch": 1}
    pools = create(config)
    plan = plan_of(config, "first_last_match")
    data = PatternDatasetSampler(config, pools).sample(plan)
    check_dataset(config, pools, plan, data)
    assert len(np.unique(data.tokens[~data.labels & ~data.is_near_miss], axis=0)) > 150


def test_an_example_is_the_same_whatever_was_sampled_before(tmp_path, pools, config):
    plan = draw_plan(config["seed"], 7, config)
    alone = PatternDatasetSampler(config, pools).sample(plan)
    sampler = Project(config).sampler
    for example_id in (9, 2, 7, 8):
        sampler.sample(draw_plan(config["seed"], example_id, config))
    np.random.seed(5)
    assert_equal(sampler.sample(plan), alone)
    save_npz(tmp_path / "pools.npz", pools.to_arrays())
    stored = Pools.from_arrays(load_npz(tmp_path / "pools.npz"))
    assert_equal(PatternDatasetSampler(deepcopy(config), stored).sample(plan), alone)


def test_examples_and_seeds_differ(pools, config):
    plan = plan_of(config, "starts_with")
    data = PatternDatasetSampler(config, pools).sample(plan)
    next_one = PatternDatasetSampler(config, pools).sample(dataclasses.replace(plan, example_id=4))
    reseeded = PatternDatasetSampler(config | {"seed": 1}, pools).sample(plan)
    for other in (next_one, reseeded):
        assert (data.tokens != other.tokens).any()


def test_sequences_do_not_depend_on_target_or_corruption(pools, config):
    """Purposes are independent: another target or rate changes which labels are flipped and nothing else."""
    same = [field for field in FIELDS if field != "corrupted_labels"]
    plan = plan_of(config, "ends_with", "starts_with", target="ends_with")
    data = PatternDatasetSampler(config, pools).sample(plan)
    retargeted = PatternDatasetSampler(config, pools).sample(dataclasses.replace(plan, target_pattern="starts_with"))
    config["dataset"]["corruption_rate"] = 0.2
    milder = PatternDatasetSampler(config, pools).sample(plan)
    for other in (retargeted, milder):
        assert_equal(data, other, same)
        assert (data.corrupted_labels != other.corrupted_labels).any()
