"""Splits: stable, in the wanted shares, and in one split only what may not stand in two."""

import json
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.terms import ACTIVATIONS, SPLITS
from subject_zoo.chain import make_examples
from subject_zoo.dataset.shards import members_of_splits
from subject_zoo.dataset.splits import empty_splits, remedies, split_of, splits_in_words, traits_of
from subject_zoo.project import Project
from tests.finished_dataset import tiny_config

PATTERNS = [f"pattern_{number}" for number in range(12)]
COMBINATIONS = [chosen for size in (1, 2, 3) for chosen in combinations(PATTERNS, size)]
NETWORK = {"activation_type": "tanh", "num_layers": 2, "neurons_per_layer": 20}


def dealt(
    seed: int, example_id: int, patterns: Any, holdout: str, validation: float, test: float, held_out: Any = None
) -> str:
    """The split of an example of one network."""
    return split_of(seed, example_id, traits_of(patterns, NETWORK), holdout, held_out, validation, test)


@pytest.mark.parametrize("holdout", ["example", "combination"])
def test_the_shares_are_those_of_the_config(holdout):
    """Of examples, or of combinations, which are the units that are drawn."""
    units = [(i, COMBINATIONS[i % len(COMBINATIONS)]) for i in range(6000 if holdout == "example" else 298)]
    splits = [dealt(0, i, patterns, holdout, 0.2, 0.3) for i, patterns in units]
    for split, share in zip(SPLITS, (0.5, 0.2, 0.3), strict=True):
        error = 4 * (share * (1 - share) / len(units)) ** 0.5
        assert abs(splits.count(split) / len(units) - share) < error


def test_no_combination_stands_in_two_splits():
    splits = {}
    for i in range(3000):
        patterns = COMBINATIONS[i * 7 % len(COMBINATIONS)]
        splits.setdefault(patterns, set()).add(dealt(3, i, patterns, "combination", 0.2, 0.3))
    assert all(len(of_combination) == 1 for of_combination in splits.values())
    assert {split for of_combination in splits.values() for split in of_combination} == set(SPLITS)


def test_examples_of_one_combination_stand_in_all_splits_where_examples_are_held_out():
    assert {dealt(3, i, PATTERNS[:2], "example", 0.2, 0.3) for i in range(100)} == set(SPLITS)


@given(st.permutations(PATTERNS[:4]), st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_order_of_patterns_does_not_matter(patterns, one, other):
    splits = {dealt(0, i, chosen, "combination", 0.3, 0.3) for i in (one, other) for chosen in (patterns, PATTERNS[:4])}
    assert len(splits) == 1


@given(st.integers(0, 2**63), st.integers(0, 10**6))
def test_the_extremes(seed, example_id):
    assert dealt(seed, example_id, PATTERNS, "example", 0, 0) == "train"
    assert dealt(seed, example_id, PATTERNS, "example", 0, 0.999999999) == "test"


def test_another_seed_splits_otherwise():
    one, other = ([dealt(seed, i, PATTERNS, "example", 0.2, 0.3) for i in range(200)] for seed in (0, 1))
    assert one != other
    assert one == [dealt(0, i, PATTERNS, "example", 0.2, 0.3) for i in range(200)]


# Values that the test split alone has

VALUES = {"pattern": PATTERNS, "activation": list(ACTIVATIONS), "depth": [1, 2, 3, 4], "width": list(range(18, 25))}


def values_in(kind: str, patterns: Any, network: dict[str, Any]) -> set[Any]:
    """What a kind of holdout means, said a second time."""
    keys = {"activation": "activation_type", "depth": "num_layers", "width": "neurons_per_layer"}
    return set(patterns) if kind == "pattern" else {network[keys[kind]]}


@st.composite
def holdouts(draw) -> tuple[str, list[Any]]:
    kind = draw(st.sampled_from(list(VALUES)))
    return kind, draw(st.lists(st.sampled_from(VALUES[kind]), min_size=1, max_size=3, unique=True))


networks = st.fixed_dictionaries({key: st.sampled_from(VALUES[kind]) for key, kind in (
    ("activation_type", "activation"), ("num_layers", "depth"), ("neurons_per_layer", "width")
)})  # fmt: skip


@given(holdouts(), st.integers(0, 99), st.floats(0, 0.99), st.lists(st.tuples(st.sampled_from(COMBINATIONS), networks)))
def test_what_is_held_out_is_in_the_test_split_and_nothing_else_is(held, seed, validation, examples):
    kind, held_out = held
    for example_id, (patterns, network) in enumerate(examples):
        traits = traits_of(patterns, network)
        split = split_of(seed, example_id, traits, kind, held_out, validation, test=0.05)
        is_held_out = bool(values_in(kind, patterns, network) & set(held_out))
        assert (split == "test") == is_held_out
        if not is_held_out:  # dealt as examples are
            assert split == split_of(seed, example_id, traits, "example", None, validation, test=0.0)


@pytest.fixture(scope="module")
def made():
    """A configuration and its records of some examples, whether they were accepted or not."""
    overlay = {"validation": {"min_degradation_threshold": 0.0, "min_specificity": 0.0, "min_accuracy": 0.0}}
    config = tiny_config(overlay, {"model": {"num_layers": [1, 3]}, "signature": {"methods": ["mean"]}})
    return config, make_examples(Project(config), range(60)).records


@pytest.mark.parametrize("kind", VALUES)
def test_no_split_of_real_records_has_what_another_holds_out(made, kind):
    config, records = made
    told = {record["example_id"]: json.loads(record["metadata"]) for record in records}
    values = {i: values_in(kind, of["selected_patterns"], of["model_config"]) for i, of in told.items()}
    held_out = sorted(set.union(*values.values()), key=str)[: 2 if kind == "pattern" else 1]
    splits = {"holdout": kind, "held_out": held_out, "validation": 0.3, "test": 0.05}
    members = members_of_splits(records, config["seed"], splits)
    assert all(members.values())
    assert sorted(position for of_split in members.values() for position in of_split) == list(range(len(records)))
    for split, of_split in members.items():
        for position in of_split:
            assert bool(values[records[position]["example_id"]] & set(held_out)) == (split == "test")


@pytest.mark.parametrize(
    ("holdout", "held_out"), [("example", None), ("pattern", ["ends_with"]), ("activation", ["relu", "tanh"])]
)
def test_no_pair_of_twins_stands_in_two_splits(holdout, held_out):
    config = tiny_config({"dataset": {"twins": True, "corruption": "region"}, "signature": {"methods": ["mean"]}})
    records = make_examples(Project(config), range(60)).records
    splits = {"holdout": holdout, "held_out": held_out, "validation": 0.3, "test": 0.3}
    pairs: dict[int, set[str]] = {}
    whole = 0
    for split, positions in members_of_splits(records, config["seed"], splits).items():
        assert positions
        for position in positions:
            pair = records[position]["example_id"] // 2
            whole += pair in pairs
            pairs.setdefault(pair, set()).add(split)
            if split != "test" and holdout == "pattern":
                assert "ends_with" not in json.loads(records[position]["metadata"])["selected_patterns"]
    assert whole > 2
    assert all(len(of_pair) == 1 for of_pair in pairs.values())


@pytest.mark.parametrize(
    ("splits", "fragments"),
    [
        (("example", None, 0.05, 0.1), ["record's number", "10 % of the records are test, 5 % validation"]),
        (("combination", None, 0.05, 0.1), ["no set stands in two splits", "10 % of the sets are test"]),
        (("pattern", ["all_same", "ends_with"], 0.05, 0.1), ["that selects all_same or ends_with", "imply it"]),
        (("activation", ["tanh"], 0.05, 0.1), ["the activation tanh, and no other split has one;", "5 % of it"]),
        (("depth", [3], 0.0, 0.1), ["has 3 hidden layers", "0 % of it"]),
        (("width", [23, 24], 0.125, 0.1), ["layers of 23 or 24 neurons", "12.5 % of it"]),
    ],
)
def test_a_person_reads_how_records_were_dealt(splits, fragments):
    sentence = splits_in_words(*splits)
    assert all(fragment in sentence for fragment in fragments)
    assert "shares are expectations, not counts" in sentence


def section(holdout="example", held_out=None, validation=0.05, test=0.05) -> dict[str, Any]:
    return {"holdout": holdout, "held_out": held_out, "validation": validation, "test": test}


@pytest.mark.parametrize(
    ("splits", "rows", "fragments"),
    [
        (
            section(),
            (19, 1, 0),
            ["no record is in the split test: ", "5 %, by a hash", "of 90 examples", "splits.test"],
        ),
        (section(validation=0.01), (20, 0, 3), ["the split validation", "1 %", "458 examples", "splits.validation"]),
        (section("combination"), (19, 1, 0), ["each set of selected patterns", "num_examples", "raise splits.test"]),
        (section("depth", [3]), (19, 1, 0), ["none whose network has 3 hidden layers", "change splits.held_out"]),
        (section("depth", [3], test=0.0), (19, 1, 0), ["none whose network has 3 hidden layers"]),
        (section("width", [9]), (19, 0, 1), ["the split validation", "of 90 examples"]),
        (section(test=0.9), (0, 1, 1), ["the split train", "lower splits.validation and splits.test"]),
        (section(test=5e-324), (19, 1, 0), ["the split test", "raise splits.test"]),
    ],
)
def test_a_split_without_its_records_comes_with_what_to_do(splits, rows, fragments):
    (line,) = remedies(dict(zip(SPLITS, rows, strict=True)), **splits)
    assert all(fragment in line for fragment in fragments)


@given(
    rows=st.tuples(*[st.integers(0, 2)] * 3), validation=st.sampled_from([0.0, 0.1]), test=st.sampled_from([0.0, 0.1])
)
def test_a_split_is_empty_only_where_a_share_was_to_be_there(rows, validation, test):
    by_split = dict(zip(SPLITS, rows, strict=True))
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    empty = empty_splits(by_split, **section(validation=validation, test=test))
    assert empty == [split for split in SPLITS if shares[split] and not by_split[split]]


def test_as_many_examples_as_are_named_fill_a_split_in_99_of_100_datasets():
    filled = sum(any(dealt(seed, i, [], "example", 0.05, 0.05) == "test" for i in range(90)) for seed in range(1000))
    assert 975 <= filled < 1000
