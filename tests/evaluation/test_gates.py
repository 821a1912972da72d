"""Accuracies over the test set, and the gates, against plain loops and exact fractions."""

import dataclasses
import itertools
import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from subject_zoo.base.terms import BACKGROUND, CLAIMED_RATE, GATES
from subject_zoo.evaluation.exam import Exam
from subject_zoo.evaluation.gates import claimed_patterns, judge, reject_untrained, validate_example
from subject_zoo.examples.plan import ExamplePlan, draw_plan
from subject_zoo.patterns.pools import Pools
from tests.conftest import small_config
from tests.plain_sequences import PlainSequences

SELECTIONS = [
    ("palindrome",),
    ("all_same", "first_last_match"),
    ("ends_with", "starts_with", "first_last_match"),
    ("sorted_ascending", "mountain_pattern", "increasing_pairs"),
]
# A pool of its own pattern only, and one where all enabled patterns can be selected.
FEW = {"enabled": ["palindrome", "ends_with", "has_majority"], "vocab_size": 5, "sequence_length": 5}


@pytest.fixture(scope="module")
def few() -> tuple[dict[str, Any], Pools]:
    config = small_config({"patterns": FEW})
    return config, Pools.create(config["seed"], config["patterns"], config["dataset"])


@pytest.fixture
def test_set(pools: Pools, config: dict[str, Any]) -> Exam:
    return Exam(pools, config["dataset"]["near_miss_ratio"])


def plan_of(config: dict[str, Any], selected: tuple[str, ...], target: str) -> ExamplePlan:
    return dataclasses.replace(draw_plan(0, 12, config), selected_patterns=selected, target_pattern=target)


def perfect(test_set: Exam, config: dict[str, Any], selected: tuple[str, ...]) -> np.ndarray:
    """The verdicts of a model that makes no mistake."""
    plain = PlainSequences(config)
    return np.array([bool(plain.satisfied(text) & set(selected)) for text in plain.texts(test_set.tokens)])


def mean(values: list) -> float:
    return sum(map(bool, values)) / len(values)


def plain_accuracies(
    config: dict[str, Any], pools: Pools, near: float, positive: dict[str, bool], selected: tuple[str, ...]
) -> tuple[dict[str, float], dict[str, int]]:
    """Accuracies and how many sequences they are over, one sequence at a time."""
    plain, size = PlainSequences(config), dict(zip(pools.names, pools.counts, strict=True))
    texts = [plain.texts(pools.tokens[rows]) for rows in (*pools.test_members, *pools.test_near_misses)]
    members = dict(zip(pools.names, texts, strict=False))
    changed = dict(zip(pools.names, texts[len(pools.names) :], strict=True))

    def owner(text: str) -> str | None:
        return min((name for name in selected if name in plain.satisfied(text)), key=size.get, default=None)

    owned = {name: [text for text in members[name] if owner(text) == name] for name in selected}
    parts = [
        [members[name] for name in pools.names if name not in selected],
        [changed[name] for name in selected],
        [plain.texts(pools.tokens[pools.test_background])],
    ]
    parts = [[[t for t in group if not plain.satisfied(t) & set(selected)] for group in part] for part in parts]
    parts = [[group for group in part if group] for part in parts]
    weights = [near / 2, near / 2, 1 - near] if parts[0] else [0, near, 1 - near]
    shares = [sum(mean([not positive[t] for t in group]) for group in part) / max(len(part), 1) for part in parts]
    background = sum(weight * share for weight, share in zip(weights, shares, strict=True))
    counted = {t for part, weight in zip(parts, weights, strict=True) if weight for group in part for t in group}
    accuracies = {name: mean([positive[t] for t in group]) for name, group in owned.items()}
    sizes = {name: len(group) for name, group in owned.items()}
    return accuracies | {BACKGROUND: background}, sizes | {BACKGROUND: len(counted)}


# Accuracies


@pytest.mark.parametrize("near", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("selected", SELECTIONS, ids="+".join)
def test_accuracies_are_those_of_a_plain_loop(pools, config, near, selected):
    test_set = Exam(pools, near)
    positive = np.random.default_rng(len(selected)).random(len(test_set)) < 0.4
    by_text = dict(zip(PlainSequences(config).texts(test_set.tokens), positive.tolist(), strict=True))
    accuracies, counts = plain_accuracies(config, pools, near, by_text, selected)
    assert test_set.accuracies(positive, selected) == pytest.approx(accuracies, abs=1e-12)
    assert test_set.counts(selected) == counts
    assert list(test_set.accuracies(positive, selected)) == [*selected, BACKGROUND]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_background_where_few_or_no_patterns_are_left_unselected(few, number):
    config, pools = few
    test_set = Exam(pools, 0.6)
    for selected in itertools.combinations(pools.names, number):
        positive = np.random.default_rng(number).random(len(test_set)) < 0.4
        by_text = dict(zip(PlainSequences(config).texts(test_set.tokens), positive.tolist(), strict=True))
        accuracies, counts = plain_accuracies(config, pools, 0.6, by_text, selected)
        assert test_set.accuracies(positive, selected) == pytest.approx(accuracies, abs=1e-12)
        assert test_set.counts(selected) == counts


def test_the_test_set_holds_each_sequence_once_and_none_that_trains(pools, test_set, config):
    plain = PlainSequences(config)
    texts = plain.texts(test_set.tokens)
    groups = [*pools.test_members, *pools.test_near_misses, pools.test_background]
    assert len(texts) == len(test_set) == len(set(texts))
    assert set(texts) == {text for rows in groups for text in plain.texts(pools.tokens[rows])}
    held_out = dict(zip(pools.names, pools.held_out, strict=True))
    assert [name for name in pools.names if not held_out[name]] == ["all_same", "alternating"]
    for name, rows in zip(pools.names, pools.test_members, strict=True):
        assert {plain.slice_of(text) for text in plain.texts(pools.tokens[rows])} == {
            "test" if held_out[name] else "shared"
        }
    for rows in (*pools.test_near_misses, pools.test_background):
        assert {plain.slice_of(text) for text in plain.texts(pools.tokens[rows])} == {"test"}


@pytest.mark.parametrize("selected", SELECTIONS, ids="+".join)
def test_rates_are_over_all_sequences_of_a_pattern(pools, test_set, config, selected):
    plain = PlainSequences(config)
    positive = np.random.default_rng(1).random(len(test_set)) < 0.6
    by_text = dict(zip(plain.texts(test_set.tokens), positive.tolist(), strict=True))
    members = {n: plain.texts(pools.tokens[rows]) for n, rows in zip(pools.names, pools.test_members, strict=True)}
    expected = {name: mean([by_text[text] for text in texts]) for name, texts in members.items()}
    truly = {name: mean([plain.satisfied(t) & set(selected) for t in texts]) for name, texts in members.items()}
    assert test_set.positive_rates(positive) == pytest.approx(expected)
    assert list(test_set.positive_rates(positive)) == list(pools.names)
    assert test_set.true_rates(selected) == pytest.approx(truly)
    assert all(truly[name] == 1 for name in selected)


# Gates

THRESHOLDS = {
    "min_degradation_threshold": 0.2,
    "min_specificity": 0.1,
    "max_other_degradation": 0.05,
    "min_accuracy": 0.9,
}
RATES = {"t": 1.0, "u": 0.95, "v": 0.3}
BELOW = CLAIMED_RATE - 1e-6


def reasons(degraded, improved, rates=RATES, true_rates=RATES, thresholds=THRESHOLDS) -> list[str]:
    verdict = judge("t", degraded, improved, rates, true_rates, thresholds)
    assert verdict["accepted"] == (not verdict["reasons"])
    return verdict["reasons"]


GOOD = {"t": 0.95, "u": 0.95, BACKGROUND: 0.95}


@pytest.mark.parametrize(
    ("degraded", "improved", "expected"),
    [
        ({"t": 0.5, "u": 0.95, BACKGROUND: 0.95}, GOOD, []),
        ({"t": 0.8, "u": 0.95, BACKGROUND: 0.95}, GOOD, ["improvement"]),
        ({"t": 0.96, "u": 0.95, BACKGROUND: 0.95}, GOOD, ["improvement", "specificity"]),
        # all gain alike; the mean of the others is too near; another one gains more, though the mean is far
        ({"t": 0.5, "u": 0.5, BACKGROUND: 0.5}, GOOD, ["specificity"]),
        ({"t": 0.5, "u": 0.6, BACKGROUND: 0.55}, GOOD, ["specificity"]),
        ({"t": 0.5, "u": 0.45, BACKGROUND: 0.95}, GOOD, ["specificity"]),
        ({"t": 0.5, "u": 0.95, BACKGROUND: 0.45}, GOOD, ["specificity"]),
        # as much as the largest of the others is not the largest
        ({"t": 0.5, "u": 0.5, BACKGROUND: 0.95}, GOOD, ["specificity"]),
        ({"t": 0.5, "u": 0.51, BACKGROUND: 0.95}, GOOD, []),
        ({"t": 0.5, "u": 1.0, BACKGROUND: 1.0}, GOOD, []),
        ({"t": 0.5, "u": 1.0, BACKGROUND: 0.95}, GOOD | {"u": 0.94}, ["stability"]),
        ({"t": 0.5, "u": 0.95, BACKGROUND: 1.0}, GOOD | {BACKGROUND: 0.94}, ["stability"]),
        ({"t": 0.5, "u": 0.89, BACKGROUND: 0.95}, GOOD | {"u": 0.89}, ["competence"]),
        ({"t": 0.5, "u": 0.95, BACKGROUND: 0.89}, GOOD | {BACKGROUND: 0.89}, ["competence"]),
        ({"t": 0.5, "u": 0.95, BACKGROUND: 0.95}, GOOD | {"t": 0.89}, ["competence"]),
        ({"t": 0.9, "u": 1.0, BACKGROUND: 0.95}, {"t": 0.8, "u": 0.5, BACKGROUND: 0.95}, list(GATES[:4])),
        # thresholds reached exactly, where the floats fall short of them: 0.7 - 0.5 < 0.2
        ({"t": 0.7, "u": 0.95, BACKGROUND: 0.95}, {"t": 0.9, "u": 0.9, BACKGROUND: 0.9}, []),
        ({"t": 0.71, "u": 0.9, BACKGROUND: 0.9}, {"t": 0.91, "u": 1.0, BACKGROUND: 1.0}, []),
        ({"t": 0.71, "u": 0.9, BACKGROUND: 0.9}, {"t": 0.91, "u": 1.0, BACKGROUND: 1.001}, ["specificity"]),
    ],
)
def test_gates(degraded, improved, expected):
    assert reasons(degraded, improved) == expected


@pytest.mark.parametrize(
    ("rates", "true_rates", "passes"),
    [
        ({"t": 1.0, "u": 0.95, "v": BELOW}, {"t": 1.0, "u": 0.95, "v": 0.1}, True),
        ({"t": 1.0, "u": 0.95, "v": CLAIMED_RATE}, {"t": 1.0, "u": 0.95, "v": 0.1}, False),
        ({"t": 1.0, "u": BELOW, "v": 0.1}, {"t": 1.0, "u": CLAIMED_RATE, "v": 0.1}, False),
        ({"t": 1.0, "u": BELOW, "v": 0.1}, {"t": 1.0, "u": 0.5, "v": 0.1}, True),
    ],
)
def test_the_claimed_patterns_must_be_the_true_ones(rates, true_rates, passes):
    degraded = {"t": 0.5, "u": 0.95, BACKGROUND: 0.95}
    assert reasons(degraded, GOOD, rates, true_rates) == ([] if passes else ["claim"])


def test_patterns_are_claimed_in_order_from_the_rate_on():
    assert claimed_patterns({"z": CLAIMED_RATE, "a": BELOW, "m": 1.0, "b": 0.0}) == ["z", "m"]


shares = st.integers(0, 40).map(lambda n: Fraction(n, 40))
accuracies = st.fixed_dictionaries({"t": shares, "u": shares, "w": shares, BACKGROUND: shares})
hundredths = st.integers(0, 60).map(lambda n: Fraction(n, 100))


@given(accuracies, accuracies, st.tuples(hundredths, hundredths, hundredths, hundredths))
@example(
    dict.fromkeys(("u", "w", BACKGROUND), Fraction(9, 10)) | {"t": Fraction(5, 10)},
    dict.fromkeys(("u", "w", BACKGROUND), Fraction(9, 10)) | {"t": Fraction(7, 10)},
    (Fraction(2, 10), Fraction(2, 10), Fraction(0), Fraction(7, 10)),
)
def test_gates_are_those_of_exact_arithmetic(degraded, improved, thresholds):
    gains = {name: improved[name] - degraded[name] for name in degraded}
    others = [gains[name] for name in ("u", "w", BACKGROUND)]
    rise, specificity, fall, accuracy = thresholds
    passed = {
        "improvement": gains["t"] >= rise,
        "specificity": gains["t"] - sum(others) / 3 >= specificity and all(gains["t"] > gain for gain in others),
        "stability": all(-gain <= fall for gain in others),
        "competence": all(value >= accuracy for value in improved.values()),
    }
    floats = [{name: float(value) for name, value in values.items()} for values in (degraded, improved)]
    limits = dict(zip(THRESHOLDS, map(float, thresholds), strict=True))
    assert reasons(*floats, thresholds=limits) == [gate for gate, holds in passed.items() if not holds]
    verdict = judge("t", *floats, RATES, RATES, limits)
    assert verdict["improvement"] == pytest.approx(float(gains["t"]))
    assert verdict["mean_other_gain"] == pytest.approx(float(sum(others) / 3), abs=1e-6)
    assert verdict["background_gain"] == pytest.approx(float(gains[BACKGROUND]))


def test_an_only_pattern_is_held_against_the_background():
    limits = THRESHOLDS | {"min_accuracy": 0.5}
    rates = {"t": 1.0}
    verdict = judge("t", {"t": 0.5, BACKGROUND: 0.9}, {"t": 0.9, BACKGROUND: 0.6}, rates, rates, limits)
    assert (verdict["reasons"], verdict["mean_other_gain"]) == (["stability"], -0.3)


# Entries of validation.json


@pytest.mark.parametrize("selected", SELECTIONS, ids="+".join)
def test_a_perfect_pair_is_accepted_at_the_strictest_thresholds(test_set, config, selected):
    """Stage 1 misses what the target owns, stage 2 nothing; so sums of weights must not fall short of 1."""
    config["validation"] |= {
        "min_degradation_threshold": 1.0,
        "min_specificity": 1.0,
        "max_other_degradation": 0.0,
        "min_accuracy": 1.0,
    }
    plain, target = PlainSequences(config), selected[0]
    improved = perfect(test_set, config, selected)
    size = dict(zip(test_set.pools.names, test_set.pools.counts, strict=True))
    assert size[target] == min(size[name] for name in selected)
    owned = np.array([target in plain.satisfied(text) for text in plain.texts(test_set.tokens)])
    assert owned.any()
    entry = validate_example(plan_of(config, selected, target), test_set, improved & ~owned, improved, config)
    assert entry["reasons"] == []
    assert entry["accepted"] is True
    assert entry["improved"]["accuracy"] == dict.fromkeys((*selected, BACKGROUND), 1.0)
    assert entry["degraded"]["accuracy"] == entry["improved"]["accuracy"] | {target: 0.0}
    assert (entry["improvement"], entry["mean_other_gain"], entry["background_gain"]) == (1.0, 0.0, 0.0)


def test_an_entry_says_what_was_measured(pools, test_set, config):
    selected = ("all_same", "palindrome")
    rng = np.random.default_rng(3)
    right = perfect(test_set, config, selected)
    degraded, improved = (right ^ (rng.random(len(test_set)) < wrong) for wrong in (0.4, 0.1))
    plan = plan_of(config, selected, "palindrome")
    entry = validate_example(plan, test_set, degraded, improved, config)
    assert json.loads(json.dumps(entry)) == entry
    assert entry["example_id"] == 12
    assert (entry["target_pattern"], entry["selected_patterns"]) == ("palindrome", ["all_same", "palindrome"])
    assert entry["held_out"] == {"all_same": False, "palindrome": True}
    assert entry["test_sequences"] == test_set.counts(selected)
    for stage, positive in (("degraded", degraded), ("improved", improved)):
        assert entry[stage]["accuracy"] == pytest.approx(test_set.accuracies(positive, selected), abs=5e-7)
    assert entry["positive_rate"] == pytest.approx(test_set.positive_rates(improved), abs=5e-7)
    assert entry["true_rate"] == pytest.approx(test_set.true_rates(selected), abs=5e-7)
    assert entry["classified_patterns"] == [n for n, rate in entry["positive_rate"].items() if rate >= CLAIMED_RATE]
    # whoever reads the file and applies the gates comes to the same verdict, exactly
    figures = [entry["degraded"]["accuracy"], entry["improved"]["accuracy"], entry["positive_rate"], entry["true_rate"]]
    again = judge("palindrome", *figures, config["validation"])
    assert {key: entry[key] for key in again} == again
    assert all(value == round(value, 6) for figure in figures for value in figure.values())


def test_a_pattern_implied_by_a_selected_one_is_classified_and_one_overclaimed_rejects(test_set, config):
    plan = plan_of(config, ("palindrome",), "palindrome")
    right = perfect(test_set, config, ("palindrome",))
    entry = validate_example(plan, test_set, np.zeros_like(right), right, config)
    assert entry["classified_patterns"] == ["all_same", "palindrome", "alternating"]  # ABABA is a palindrome
    assert entry["true_rate"]["all_same"] == entry["true_rate"]["alternating"] == 1.0
    assert entry["accepted"]
    too_much = right | perfect(test_set, config, ("sorted_ascending",))
    entry = validate_example(plan, test_set, np.zeros_like(right), too_much, config)
    assert "sorted_ascending" in entry["classified_patterns"]
    assert "claim" in entry["reasons"]


def test_a_model_that_calls_more_of_everything_positive_is_rejected(test_set, config):
    selected = ("sorted_ascending", "mountain_pattern")
    nothing, everything = np.zeros(len(test_set), bool), np.ones(len(test_set), bool)
    plan = plan_of(config, selected, "sorted_ascending")
    entry = validate_example(plan, test_set, nothing, everything, config)
    assert entry["degraded"]["accuracy"] == {"sorted_ascending": 0.0, "mountain_pattern": 0.0, BACKGROUND: 1.0}
    assert entry["improved"]["accuracy"] == {"sorted_ascending": 1.0, "mountain_pattern": 1.0, BACKGROUND: 0.0}
    assert entry["reasons"] == ["specificity", "stability", "competence", "claim"]


def test_an_example_that_was_not_trained_has_an_entry_of_the_same_form(test_set, config):
    plan = plan_of(config, ("palindrome", "ends_with"), "ends_with")
    right = perfect(test_set, config, plan.selected_patterns)
    measured = validate_example(plan, test_set, right, right, config)
    entry = reject_untrained(plan, config["task_generation"])
    assert entry["accepted"] is False
    assert len(entry.pop("reasons")) == 1
    assert {key: measured[key] for key in entry} == entry


@pytest.mark.parametrize(("share", "reasons"), [(0.85, []), (0.84, ["diagnosis"])])
def test_a_fault_beside_its_region_is_no_diagnosis_whichever_network_is_shown(test_set, config, share, reasons):
    selected = ("palindrome", "starts_with")
    right = perfect(test_set, config, selected)
    wrong = right.copy()
    wrong[test_set.owned_rows("palindrome", selected)] = False
    asked = {**config["task_generation"], "include_diagnosis": True}
    lenient = {**config["validation"], "allow_simple_repairs": True}
    fault = {"negative_inside": 1.0, "positive_outside": share}
    shown = set()
    for example_id in range(8):
        plan = dataclasses.replace(plan_of(config, selected, "palindrome"), example_id=example_id)
        settings = config | {"task_generation": asked, "validation": lenient}
        entry = validate_example(plan, test_set, wrong, right, settings, list, lambda: fault)
        assert (entry["reasons"], entry["accepted"]) == (reasons, not reasons)
        poor = {"degraded": "palindrome", "improved": "none"}[entry["diagnosis"]["shown"]]
        assert entry["diagnosis"] == {"shown": entry["diagnosis"]["shown"], "poor_pattern": poor, "fault": fault}
        shown.add(poor)
    assert shown == {"palindrome", "none"}


@pytest.mark.parametrize(("modification", "classification"), [(True, False), (False, True)])
def test_only_figures_and_gates_of_the_tasks_that_are_asked_for(test_set, config, modification, classification):
    selected = ("palindrome", "starts_with")
    right = perfect(test_set, config, selected)
    asked = {
        "include_modification": modification,
        "include_classification": classification,
        "include_diagnosis": False,
    }
    plan = plan_of(config, selected, "palindrome")
    whole = validate_example(plan, test_set, np.zeros_like(right), right, config)
    if not modification:
        plan = dataclasses.replace(plan, target_pattern=None)
    before = np.zeros_like(right) if modification else None
    entry = validate_example(plan, test_set, before, right, config | {"task_generation": asked})
    of_target = {"target_pattern", "degraded", "improvement", "mean_other_gain", "background_gain", "simple_repairs"}
    of_claim = {"positive_rate", "true_rate", "classified_patterns"}
    assert set(whole) - set(entry) == (set() if modification else of_target) | (set() if classification else of_claim)
    assert all(whole[name] == entry[name] for name in set(entry) - {"accepted", "reasons"})
    foreign = {"claim"} if modification else set(GATES) - {"competence", "claim"}
    assert entry["reasons"] == [gate for gate in whole["reasons"] if gate not in foreign]
    assert set(reject_untrained(plan, asked)) <= set(entry)
