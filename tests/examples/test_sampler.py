"""Pools, slices, owners and the datasets drawn from them, against plain predicates one sequence at a time."""

import dataclasses
import json
from collections import Counter, defaultdict
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from subject_zoo.base.arrays import load_npz, save_npz
from subject_zoo.base.errors import UserError
from subject_zoo.examples.plan import ExamplePlan, draw_plan
from subject_zoo.examples.sampler import NEGATIVE, ExampleDataset, PatternDatasetSampler
from subject_zoo.patterns.definitions import PATTERNS
from subject_zoo.patterns.ownership import negative, owned, ownership_order
from subject_zoo.patterns.pools import Pools
from subject_zoo.patterns.sequences import from_text
from subject_zoo.patterns.slices import Slice, slices_of
from subject_zoo.project import Project
from subject_zoo.signatures.extractor import ActivationSignatureExtractor
from tests.conftest import small_config
from tests.plain_sequences import PlainSequences

FIELDS = [field.name for field in dataclasses.fields(ExampleDataset) if field.name != "region"]
SLICE_NAMES = {Slice.TRAIN: "train", Slice.TEST: "test", Slice.PROBE: "probe", Slice.SHARED: "shared"}
TRAINABLE = {"train", "shared"}


def possible(vocab_size: int, sequence_length: int) -> list[str]:
    return [name for name in PATTERNS if name != "no_repeats" or sequence_length <= vocab_size]


def sized(vocab_size: int, sequence_length: int, **dataset: Any) -> dict[str, Any]:
    """A small configuration of these sizes, with all patterns that can occur."""
    sizes = {"vocab_size": vocab_size, "sequence_length": sequence_length}
    patterns = {**sizes, "enabled": possible(**sizes)}
    return small_config({"patterns": patterns, "dataset": dataset})


def create(config: dict[str, Any]) -> Pools:
    return Pools.create(config["seed"], config["patterns"], config["dataset"])


def plan_of(config: dict[str, Any], *selected: str, target: str | None = None) -> ExamplePlan:
    """Example 3 with these patterns instead of those that it draws."""
    plan = draw_plan(config["seed"], 3, config)
    return dataclasses.replace(plan, selected_patterns=selected, target_pattern=target or selected[0])


def assert_equal(one: ExampleDataset, other: ExampleDataset, fields: list[str] = FIELDS) -> None:
    for field in fields:
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field), err_msg=field, strict=True)


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    sizes = {"vocab_size": draw(st.integers(5, 8)), "sequence_length": draw(st.integers(4, 7))}
    enabled = draw(st.lists(st.sampled_from(possible(**sizes)), min_size=1, max_size=15, unique=True))
    most = draw(st.integers(1, min(4, len(enabled))))
    letter = st.sampled_from("ABCDE")
    patterns = {
        **sizes,
        "enabled": enabled,
        "starts_with": draw(letter),
        "ends_with": draw(letter),
        "min_patterns_per_batch": draw(st.integers(1, most)),
        "max_patterns_per_batch": most,
    }
    share = st.sampled_from([0.0, 0.3, 0.5, 1.0])
    dataset = {
        "num_sequences": draw(st.integers(20, 500)),
        "negative_ratio": draw(st.sampled_from([0.3, 0.5, 0.77])),
        "near_miss_ratio": draw(share),
        "corruption": draw(st.sampled_from(["random", "region"])),
        "corruption_rate": draw(share),
        "validation_fraction": draw(st.sampled_from([0.1, 0.25])),
        "pool_size": draw(st.sampled_from([100, 300])),
        "test_fraction": draw(st.sampled_from([0.1, 0.4])),
        "probe_fraction": draw(st.sampled_from([0.05, 0.3])),
        "min_holdout": draw(st.sampled_from([0, 50, 100, 1000])),
        "test_per_pattern": 20,
        "test_background": 30,
    }
    seed, training = draw(st.integers(0, 2**63 - 1)), {"batch_size": 2}
    return small_config({"seed": seed, "patterns": patterns, "dataset": dataset, "training": training})


# Slices


def test_slices_are_those_of_the_plain_hash(config):
    plain = PlainSequences(config)
    texts = plain.everything()[::5]
    arguments = config["seed"], config["dataset"]["test_fraction"], config["dataset"]["probe_fraction"]
    slices = slices_of(from_text(plain.space, texts), *arguments)
    assert [SLICE_NAMES[part] for part in slices.tolist()] == [plain.hashed_slice(text) for text in texts]
    alone = slices_of(from_text(plain.space, texts[7:8]), *arguments)
    assert alone.tolist() == slices[7:8].tolist()


@pytest.mark.parametrize(("test", "probe"), [(0.2, 0.05), (0.5, 0.3), (0.01, 0.6)])
def test_slices_have_their_shares_and_depend_on_the_seed(test, probe):
    tokens = np.random.default_rng(0).integers(0, 26, (40_000, 20), dtype=np.uint8)
    slices = slices_of(tokens, 1, test, probe)
    for part, share in ((Slice.TEST, test), (Slice.PROBE, probe), (Slice.TRAIN, 1 - test - probe)):
        assert abs((slices == part).mean() - share) < 5 * np.sqrt(share * (1 - share) / len(tokens))
    # another seed cuts anew: two cuts agree as often as chance has it
    chance = test**2 + probe**2 + (1 - test - probe) ** 2
    assert abs((slices == slices_of(tokens, 2, test, probe)).mean() - chance) < 0.02


def test_a_larger_test_slice_moves_no_sequence_into_training():
    tokens = np.random.default_rng(0).integers(0, 7, (5000, 7), dtype=np.uint8)
    less, more = (slices_of(tokens, 0, test, 0.05) for test in (0.2, 0.4))
    assert ((less == Slice.PROBE) == (more == Slice.PROBE)).all()
    assert (more[less == Slice.TEST] == Slice.TEST).all()


# Ownership


@given(
    st.lists(st.integers(0, 2**6 - 1), min_size=1, max_size=30),
    st.lists(st.integers(0, 5), min_size=1, unique=True),
    st.lists(st.integers(1, 4), min_size=6, max_size=6),
)
def test_a_sequence_belongs_to_the_smallest_selected_pattern_that_it_satisfies(masks, selected, counts):
    array = np.array(masks, np.uint16)
    order = ownership_order(selected, counts)
    owners = {pattern: owned(array, pattern, order).tolist() for pattern in selected}
    is_negative = negative(array, selected).tolist()
    for row, mask in enumerate(masks):
        satisfied = [pattern for pattern in selected if mask >> pattern & 1]
        expected = [min(satisfied, key=lambda p: (counts[p], selected.index(p)))] if satisfied else []
        assert [pattern for pattern in selected if owners[pattern][row]] == expected
        assert is_negative[row] == (not satisfied)


# Pools


@pytest.mark.parametrize("sizes", [(7, 5), (5, 4), (5, 6)], ids=str)
def test_pools_hold_what_they_say(sizes):
    config = sized(*sizes)
    config["patterns"] |= {"starts_with": "C", "ends_with": "E"}
    plain, pools, dataset = PlainSequences(config), create(config), config["dataset"]
    texts = plain.texts(pools.tokens)
    assert len(set(texts)) == len(texts)
    satisfied = [plain.satisfied(text) for text in texts]
    assert pools.names == tuple(config["patterns"]["enabled"])
    for mask, names in zip(pools.masks.tolist(), satisfied, strict=True):
        assert {name for bit, name in enumerate(pools.names) if mask >> bit & 1} == names
    assert [SLICE_NAMES[part] for part in pools.slices.tolist()] == [plain.slice_of(text) for text in texts]

    every = [plain.satisfied(text) for text in plain.everything()]
    for pattern, name in enumerate(pools.names):
        members, misses = pools.members[pattern].tolist(), pools.near_misses[pattern].tolist()
        count = sum(name in names for names in every)
        assert pools.counts[pattern] == count
        assert len(members) == len(set(members)) == min(count, dataset["pool_size"])
        assert all(name in satisfied[row] for row in members)
        assert 0 < len(misses) == len(set(misses)) <= dataset["pool_size"]
        member_texts = {texts[row] for row in members}
        for row in misses:
            assert name not in satisfied[row]
            assert not member_texts.isdisjoint(plain.one_token_away(texts[row]))
    background = pools.background.tolist()
    assert len(background) == len(set(background)) == min(every.count(set()), dataset["pool_size"])
    assert not any(satisfied[row] for row in background)


def test_test_rows_are_as_many_as_there_are_of_the_test_slice(pools, config):
    wanted = config["dataset"]["test_per_pattern"]
    groups = [
        *zip(pools.members, pools.test_members, [wanted] * 15, pools.counts, strict=True),
        *zip(pools.near_misses, pools.test_near_misses, [wanted // 4] * 15, [10**9] * 15, strict=True),
        (pools.background, pools.test_background, config["dataset"]["test_background"], 10**9),
    ]
    for pool, chosen, most, count in groups:
        rare = count < config["dataset"]["min_holdout"]
        candidates = {row for row in pool.tolist() if pools.slices[row] == (Slice.SHARED if rare else Slice.TEST)}
        assert len(set(chosen.tolist())) == len(chosen) == min(most, len(candidates)) > 0
        assert candidates.issuperset(chosen.tolist())


def test_pools_come_back_from_their_file(tmp_path):
    pools = create(sized(26, 20))
    assert max(pools.counts) > 2**64
    save_npz(tmp_path / "pools.npz", pools.to_arrays())
    back = Pools.from_arrays(load_npz(tmp_path / "pools.npz"))
    for field in dataclasses.fields(Pools):
        one, other = getattr(pools, field.name), getattr(back, field.name)
        assert type(one) is type(other)
        for left, right in zip(one, other, strict=True) if isinstance(one, tuple) else [(one, other)]:
            np.testing.assert_array_equal(left, right, strict=isinstance(left, np.ndarray))


def test_pools_depend_on_the_seed_alone(pools, config):
    again = create(config)
    np.testing.assert_array_equal(pools.tokens, again.tokens)
    other = create(config | {"seed": 1})
    assert other.tokens.shape != pools.tokens.shape or (other.tokens != pools.tokens).any()


@pytest.mark.parametrize(
    ("dataset", "named"),
    [({"min_holdout": 0, "probe_fraction": 0.7}, "all_same"), ({"test_fraction": 0.0001}, "palindrome")],
)
def test_a_slice_that_is_nearly_empty_is_refused(dataset, named):
    with pytest.raises(UserError, match=rf"^patterns\.enabled: {named} has \d+ sequences to train on and \d+ to test"):
        create(sized(5, 5, **dataset))


# Datasets of examples


def check_dataset(
    config: dict[str, Any], pools: Pools, plan: ExamplePlan, data: ExampleDataset, region_of_twin: bool = False
) -> None:
    """All that is promised of one example's dataset; of a twin's region no size is."""
    plain, wanted = PlainSequences(config), config["dataset"]
    selected, unselected = set(plan.selected_patterns), set(pools.names) - set(plan.selected_patterns)
    texts = plain.texts(data.tokens)
    satisfied = [plain.satisfied(text) for text in texts]
    size = dict(zip(pools.names, pools.counts, strict=True))

    # exact sizes
    total = wanted["num_sequences"]
    assert {len(getattr(data, field)) for field in FIELDS} == {total}
    assert abs((~data.labels).sum() - total * wanted["negative_ratio"]) <= 0.5
    assert abs(data.is_validation.sum() - total * wanted["validation_fraction"]) <= 0.5

    # no sequence mislabelled; owners by the smallest pattern
    by_size = sorted(plan.selected_patterns, key=size.get)
    owner_of = [next((name for name in by_size if name in names), None) for names in satisfied]
    assert data.labels.tolist() == [bool(names & selected) for names in satisfied]
    assert data.owners.tolist() == [pools.names.index(name) if name else NEGATIVE for name in owner_of]

    # nothing outside the train slice but what is too rare to hold out
    assert all(plain.slice_of(text) in TRAINABLE for text in texts)

    # near misses are, and the rest of the negatives is background
    near = {text for text, is_near in zip(texts, data.is_near_miss, strict=True) if is_near}
    assert data.is_near_miss.sum() <= round((~data.labels).sum() * wanted["near_miss_ratio"])
    assert not (data.is_near_miss & data.labels).any()
    for text, names, is_near, label in zip(texts, satisfied, data.is_near_miss, data.labels, strict=True):
        if is_near:
            assert names & unselected or any(plain.satisfied(t) & selected for t in plain.one_token_away(text))
        elif not label:
            assert not names

    # copies stay together, and are made only of a group that is used up
    sides = defaultdict(set)
    for text, *side in zip(texts, data.is_validation, data.is_near_miss, data.corrupted_labels, strict=True):
        sides[text].add(tuple(side))
    assert all(len(side) == 1 for side in sides.values())
    available = train_pools(plain, pools, selected, owner_of=lambda names: next(n for n in by_size if n in names))
    copied = {text for text, times in Counter(texts).items() if times > 1}
    for owner, candidates in available["positives"].items():
        assert copied.isdisjoint(candidates) or candidates <= set(texts)
        for side in (True, False):
            rows = zip(texts, owner_of, data.is_validation, strict=True)
            counts = Counter(text for text, *kind in rows if kind == [owner, side])
            assert not counts or max(counts.values()) - min(counts.values()) <= 1
    used_up = [candidates for candidates in available["near"] if candidates - available["background"] <= near]
    assert all(any(text in candidates for candidates in used_up) for text in copied & near)
    if copied & available["background"] - near:
        assert available["background"] <= set(texts)

    # evenly shared, by those that own anything
    shares = Counter(owner for owner in owner_of if owner)
    owning = [name for name, candidates in available["positives"].items() if len(candidates) > 1]
    assert max(shares[name] for name in owning) - min(shares[name] for name in owning) <= 1

    # corruption
    flipped = {text for text, a, b in zip(texts, data.labels, data.corrupted_labels, strict=True) if a != b}
    targets = {text for text, owner in zip(texts, owner_of, strict=True) if owner == plan.target_pattern}
    assert flipped <= targets
    if wanted["corruption"] == "random":
        assert data.region is None
        assert abs(len(flipped) - wanted["corruption_rate"] * len(targets)) <= 0.5
    else:
        check_region(data.region, flipped, targets, None if region_of_twin else wanted["corruption_rate"])
    assert data.corruption_stats() == {
        "corrupted_rows": sum(text in flipped for text in texts),
        "corrupted_sequences": len(flipped),
        "rows": total,
        "positive_rows": sum(map(bool, owner_of)),
        "region": data.region,
    }


def check_region(region: dict[str, Any], flipped: set[str], targets: set[str], rate: float | None) -> None:
    """The flipped sequences are those of the target that the region's words say, and as near to the rate as can be."""
    one, other = (position - 1 for position in region["positions"])
    assert one < other
    pairs = {(first, second) for first, letters in region["letters"].items() for second in letters}
    assert flipped == {text for text in targets if (text[one], text[other]) in pairs}
    for first, seconds in region["letters"].items():
        assert f"{first} and {', '.join(seconds)}" in region["in_words"]
    if rate is None:
        return
    sizes = Counter((text[one], text[other]) for text in targets)
    assert pairs <= set(sizes)
    assert abs(len(flipped) - rate * len(targets)) <= max(sizes.values(), default=0) / 2


def train_pools(plain, pools, selected, owner_of):
    """The sequences that one example may train on, by what they are to it."""
    texts = plain.texts(pools.tokens)

    def trainable(rows):
        return {texts[row] for row in rows.tolist() if plain.slice_of(texts[row]) in TRAINABLE}

    members = {name: trainable(rows) for name, rows in zip(pools.names, pools.members, strict=True)}
    misses = {name: trainable(rows) for name, rows in zip(pools.names, pools.near_misses, strict=True)}
    near = [misses[name] if name in selected else members[name] for name in pools.names]
    return {
        "positives": {
            name: {text for text in members[name] if owner_of(plain.satisfied(text)) == name} for name in selected
        },
        "near": [{text for text in group if not plain.satisfied(text) & selected} for group in near],
        "background": trainable(pools.background),
    }


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
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


# The two datasets of the project


def check_labelled(plain: PlainSequences, data: dict[str, Any], config: dict[str, Any]) -> list[str]:
    """Its sequences, each once and with the patterns that it satisfies, in a mapping that JSON keeps."""
    assert json.loads(json.dumps(data)) == data
    assert {key: data[key] for key in ("vocab_size", "sequence_length")} == {"vocab_size": 7, "sequence_length": 5}
    assert data["pattern_tokens"] == {key: config["patterns"][key] for key in ("starts_with", "ends_with")}
    sequences = [example["sequence"] for example in data["examples"]]
    assert len(set(sequences)) == len(sequences)
    for example in data["examples"]:
        satisfied = plain.satisfied(example["sequence"])
        assert example["patterns"] == [name for name in plain.enabled if name in satisfied]
    return sequences


def test_the_benchmark_has_five_of_each_pattern_in_turn_and_then_the_background(pools, config):
    plain, wanted = PlainSequences(config), ["ends_with", "all_same", "palindrome"]
    sequences = check_labelled(
        plain, PatternDatasetSampler(config, pools).benchmark_dataset(config["seed"], 5, wanted), config
    )
    assert plain.rare == {"all_same", "alternating"}
    assert len(sequences) == 5 * len(wanted) + 5
    for position, name in enumerate(wanted):
        drawn = sequences[5 * position : 5 * position + 5]
        assert all(name in plain.satisfied(text) for text in drawn)
        assert {plain.slice_of(text) for text in drawn} == {"shared" if name in plain.rare else "test"}
    assert not any(plain.satisfied(text) for text in sequences[-5:])
    assert {plain.slice_of(text) for text in sequences[-5:]} == {"test"}


def test_probes_are_of_their_slice_and_balanced(pools, config):
    plain = PlainSequences(config)
    sequences = check_labelled(
        plain, PatternDatasetSampler(config, pools).signature_dataset(config["seed"], 5, 12), config
    )
    assert len(sequences) == 5 * len(plain.enabled) + 12
    for name in plain.enabled:
        assert sum(name in plain.satisfied(text) for text in sequences) >= 5
    assert sum(not plain.satisfied(text) for text in sequences) == 12
    for text in sequences:
        assert plain.slice_of(text) in (("probe", "shared") if plain.satisfied(text) & plain.rare else ("probe",))


def slow_waves(member: np.ndarray) -> np.ndarray:
    """The power of the three slowest waves in bool [m, P] over the m places, in units of a random order's."""
    power = np.abs(np.fft.rfft(member - member.mean(axis=0), axis=0)[1:4]) ** 2
    return power / (member.var(axis=0, ddof=1) * len(member))


def of_neighbours(member: np.ndarray) -> np.ndarray:
    """The correlation of bool [m, P] with itself one place further."""
    return np.array([np.corrcoef(column[1:], column[:-1])[0, 1] for column in member.T])


def test_the_order_of_probes_tells_nothing_of_patterns(pools, config):
    """Pattern by pattern, as probes are drawn, it would: a pattern is a bump, which has slow waves."""
    waves, neighbours, orders = [], [], set()
    for seed in range(20):
        examples = PatternDatasetSampler(config, pools).signature_dataset(seed, 20, 100)["examples"]
        member = np.array([[name in example["patterns"] for name in pools.names] for example in examples])
        waves.append(slow_waves(member).mean())
        neighbours.append(of_neighbours(member).mean())
        orders.add(tuple(example["sequence"] for example in examples))
    assert len(orders) == 20
    assert np.mean(waves) == pytest.approx(1, abs=0.25)
    assert np.mean(neighbours) == pytest.approx(0, abs=0.02)

    grouped = member[np.argsort(np.where(member.any(axis=1), member.argmax(axis=1), member.shape[1]), kind="stable")]
    assert slow_waves(grouped).mean() > 4
    assert of_neighbours(grouped).mean() > 0.3


def test_labelled_datasets_do_not_depend_on_what_was_sampled_before(pools, config):
    fresh, used = PatternDatasetSampler(config, pools), PatternDatasetSampler(config, pools)
    used.sample(draw_plan(0, 1, config))
    used.signature_dataset(0, 9, 9)
    assert used.benchmark_dataset(0, 6, ["palindrome"]) == fresh.benchmark_dataset(0, 6, ["palindrome"])
    assert used.signature_dataset(0, 4, 10) == fresh.signature_dataset(0, 4, 10)
    assert used.signature_dataset(1, 4, 10) != fresh.signature_dataset(0, 4, 10)


def test_no_model_trains_on_what_measures_or_signs_it(pools, config):
    plain, sampler = PlainSequences(config), PatternDatasetSampler(config, pools)
    trained = set()
    for example_id in range(60):
        trained.update(plain.texts(sampler.sample(draw_plan(0, example_id, config)).tokens))
    assert len(trained) > 3000
    labelled = [sampler.signature_dataset(0, 20, 100), sampler.benchmark_dataset(0, 20, plain.enabled)]
    measured = {example["sequence"] for data in labelled for example in data["examples"]}
    measured.update(plain.texts(pools.tokens[np.concatenate([*pools.test_members, *pools.test_near_misses])]))
    measured.update(plain.texts(pools.tokens[pools.test_background]))
    assert len(measured) > 800
    assert {text for text in trained & measured if not plain.satisfied(text) & plain.rare} == set()
    # and what is rare measures the rare patterns alone
    for name, rows in zip(pools.names, pools.test_members, strict=True):
        assert name in plain.rare or trained.isdisjoint(plain.texts(pools.tokens[rows]))
    assert all(trained.isdisjoint(plain.texts(pools.tokens[rows])) for rows in pools.test_near_misses)


def test_signature_datasets_are_read_as_written(tmp_path, pools, config):
    plain = PlainSequences(config)
    data = PatternDatasetSampler(config, pools).signature_dataset(0, 4, 10)
    path = tmp_path / "signature_dataset.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    methods = {"modification": ["entropy", "mean"], "classification": ["pca", "mean"]}
    config["signature"] |= {"methods": methods, "components": 2, "entropy_bins": 5}
    project = Project(config, probes_file=path)
    probes = project.probes
    assert plain.texts(probes.tokens) == [example["sequence"] for example in data["examples"]]
    for satisfied, example in zip(probes.satisfied, data["examples"], strict=True):
        assert [name for name, holds in zip(plain.enabled, satisfied, strict=True) if holds] == example["patterns"]

    extractor = project.extractor
    directly = ActivationSignatureExtractor(
        ["mean", "pca", "entropy"], probes.satisfied, plain.enabled, components=2, entropy_bins=5
    )
    activations = np.random.default_rng(0).normal(size=(1, len(probes.tokens), 3)).astype(np.float32)
    assert extractor.feature_names == directly.feature_names
    np.testing.assert_array_equal(extractor.extract(activations), directly.extract(activations))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "cannot be read"),
        ("not JSON", "not a signature dataset"),
        ("[1, 2]", "not a signature dataset"),
        ('{"examples": null}', "not a signature dataset"),
        ('{"examples": ["ABCDE", "ABCDE"]}', "not a signature dataset"),
        ('{"examples": [{"sequence": 5}]}', "not a signature dataset"),
        ('{"examples": [{"sequence": ["A", "B", "C", "D", "E"]}]}', "not a signature dataset"),
        ('{"examples": [{"sequence": "ABCDE"}, {"sequence": "ABCD"}]}', "sequence 2 is 'ABCD'"),
        ('{"examples": [{"sequence": "ABCDH"}, {"sequence": "ABCDE"}]}', "sequence 1 is 'ABCDH'"),
        ('{"examples": [{"sequence": "ABCDE"}]}', "1 sequences; a signature needs at least 2"),
        ('{"examples": []}', "0 sequences"),
    ],
)
def test_bad_signature_datasets_are_refused_by_name(tmp_path, config, text, complaint):
    path = tmp_path / "mine.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        _ = Project(config, probes_file=path).probes
    assert str(error.value).startswith(f"{path}: ")
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)
