"""What is promised of an example's dataset, checked by plain predicates one sequence at a time."""

import dataclasses
from collections import Counter, defaultdict
from functools import cached_property
from typing import Any

import numpy as np
from hypothesis import strategies as st

from subject_zoo.examples.plan import ExamplePlan, draw_plan
from subject_zoo.examples.sampler import NEGATIVE, ExampleDataset
from subject_zoo.patterns.pools import Pools
from tests.conftest import small_config
from tests.patterns.drawn import possible
from tests.plain_sequences import PlainSequences

FIELDS = [field.name for field in dataclasses.fields(ExampleDataset) if field.name != "region"]
TRAINABLE = {"train", "shared"}


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


@dataclasses.dataclass(frozen=True)
class Seen:
    """A dataset as plain predicates see it: each row's text, the patterns that it satisfies, and the smallest selected
    one of these, which owns it."""

    plain: PlainSequences
    pools: Pools
    plan: ExamplePlan
    data: ExampleDataset

    @cached_property
    def texts(self) -> list[str]:
        return self.plain.texts(self.data.tokens)

    @cached_property
    def satisfied(self) -> list[set[str]]:
        return [self.plain.satisfied(text) for text in self.texts]

    @cached_property
    def owners(self) -> list[str | None]:
        return [self.owner_of(names) for names in self.satisfied]

    @property
    def selected(self) -> set[str]:
        return set(self.plan.selected_patterns)

    def owner_of(self, names: set[str]) -> str | None:
        size = dict(zip(self.pools.names, self.pools.counts, strict=True))
        return min((name for name in self.plan.selected_patterns if name in names), key=size.get, default=None)


def check_dataset(
    config: dict[str, Any], pools: Pools, plan: ExamplePlan, data: ExampleDataset, region_of_twin: bool = False
) -> None:
    """All that is promised of one example's dataset; of a twin's region no size is."""
    seen, wanted = Seen(PlainSequences(config), pools, plan, data), config["dataset"]
    check_sizes(data, wanted)
    check_labels(seen)
    check_near_misses(seen, wanted["near_miss_ratio"])
    check_copies(seen)
    check_corruption(seen, wanted, region_of_twin)


def check_sizes(data: ExampleDataset, wanted: dict[str, Any]) -> None:
    total = wanted["num_sequences"]
    assert {len(getattr(data, field)) for field in FIELDS} == {total}
    assert abs((~data.labels).sum() - total * wanted["negative_ratio"]) <= 0.5
    assert abs(data.is_validation.sum() - total * wanted["validation_fraction"]) <= 0.5


def check_labels(seen: Seen) -> None:
    """No sequence is mislabelled, and none is outside the train slice but what is too rare to hold out."""
    names = seen.pools.names
    assert seen.data.labels.tolist() == [bool(satisfied & seen.selected) for satisfied in seen.satisfied]
    assert seen.data.owners.tolist() == [names.index(name) if name else NEGATIVE for name in seen.owners]
    assert all(seen.plain.slice_of(text) in TRAINABLE for text in seen.texts)


def check_near_misses(seen: Seen, ratio: float) -> None:
    """Near misses are, and the rest of the negatives is background."""
    data, plain, selected = seen.data, seen.plain, seen.selected
    unselected = set(seen.pools.names) - selected
    assert data.is_near_miss.sum() <= round((~data.labels).sum() * ratio)
    assert not (data.is_near_miss & data.labels).any()
    for text, names, is_near, label in zip(seen.texts, seen.satisfied, data.is_near_miss, data.labels, strict=True):
        if is_near:
            assert names & unselected or any(plain.satisfied(t) & selected for t in plain.one_token_away(text))
        elif not label:
            assert not names


def check_copies(seen: Seen) -> None:
    """Copies stay together, and are made only of a group that is used up; positives are evenly shared, by those that
    own anything."""
    data, texts = seen.data, seen.texts
    sides = defaultdict(set)
    for text, *side in zip(texts, data.is_validation, data.is_near_miss, data.corrupted_labels, strict=True):
        sides[text].add(tuple(side))
    assert all(len(side) == 1 for side in sides.values())
    available = train_pools(seen)
    copied = {text for text, times in Counter(texts).items() if times > 1}
    for owner, candidates in available["positives"].items():
        assert copied.isdisjoint(candidates) or candidates <= set(texts)
        for side in (True, False):
            rows = zip(texts, seen.owners, data.is_validation, strict=True)
            counts = Counter(text for text, *kind in rows if kind == [owner, side])
            assert not counts or max(counts.values()) - min(counts.values()) <= 1
    near = {text for text, is_near in zip(texts, data.is_near_miss, strict=True) if is_near}
    used_up = [candidates for candidates in available["near"] if candidates - available["background"] <= near]
    assert all(any(text in candidates for candidates in used_up) for text in copied & near)
    if copied & available["background"] - near:
        assert available["background"] <= set(texts)

    shares = Counter(owner for owner in seen.owners if owner)
    owning = [name for name, candidates in available["positives"].items() if len(candidates) > 1]
    assert max(shares[name] for name in owning) - min(shares[name] for name in owning) <= 1


def check_corruption(seen: Seen, wanted: dict[str, Any], region_of_twin: bool) -> None:
    data, texts = seen.data, seen.texts
    flipped = {text for text, a, b in zip(texts, data.labels, data.corrupted_labels, strict=True) if a != b}
    targets = {text for text, owner in zip(texts, seen.owners, strict=True) if owner == seen.plan.target_pattern}
    assert flipped <= targets
    if wanted["corruption"] == "random":
        assert data.region is None
        assert abs(len(flipped) - wanted["corruption_rate"] * len(targets)) <= 0.5
    else:
        check_region(data.region, flipped, targets, None if region_of_twin else wanted["corruption_rate"])
    assert data.corruption_stats() == {
        "corrupted_rows": sum(text in flipped for text in texts),
        "corrupted_sequences": len(flipped),
        "rows": wanted["num_sequences"],
        "positive_rows": sum(map(bool, seen.owners)),
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


def train_pools(seen: Seen) -> dict[str, Any]:
    """The sequences that one example may train on, by what they are to it."""
    plain, pools, selected = seen.plain, seen.pools, seen.selected
    texts = plain.texts(pools.tokens)

    def trainable(rows: np.ndarray) -> set[str]:
        return {texts[row] for row in rows.tolist() if plain.slice_of(texts[row]) in TRAINABLE}

    members = {name: trainable(rows) for name, rows in zip(pools.names, pools.members, strict=True)}
    misses = {name: trainable(rows) for name, rows in zip(pools.names, pools.near_misses, strict=True)}
    near = [misses[name] if name in selected else members[name] for name in pools.names]
    return {
        "positives": {
            name: {text for text in members[name] if seen.owner_of(plain.satisfied(text)) == name} for name in selected
        },
        "near": [{text for text in group if not plain.satisfied(text) & selected} for group in near],
        "background": trainable(pools.background),
    }
