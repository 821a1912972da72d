"""Nothing but the weights tells which patterns a record has: plans keep patterns and everything else apart."""

import json
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from metadata_guess import CLASSIFIERS, auc, balanced_accuracy, describe, guess, matrix, scores
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

import subject_zoo.examples.plan
from subject_zoo.base.randomness import Purpose, example_generator
from subject_zoo.examples.plan import ExamplePlan, draw_plan
from tests.conftest import DEFAULT

PLANS = 4000
UNLIKELY = 1e-3  # of all tables of a test together; the seed is fixed, so a test that passes once always does
VARIED = {
    "num_layers": [2, 5],
    "neurons_per_layer": [24, 32],
    "dropout_rate": [0.0, 0.3],
}  # so that every field of an architecture could tell something


@cache
def plans() -> list[ExamplePlan]:
    return drawn(PLANS)


def drawn(count: int) -> list[ExamplePlan]:
    config = DEFAULT | {"model": DEFAULT["model"] | VARIED}
    return [draw_plan(config["seed"], example_id, config) for example_id in range(count)]


def fields_of(of: list[ExamplePlan]) -> dict[str, np.ndarray]:
    """What a record shows of its making besides its weights, by field: a class a plan."""
    thirds = lambda values: np.searchsorted(np.quantile(values, [1 / 3, 2 / 3]), values)  # noqa: E731
    return {
        "num_layers": np.array([plan.architecture.num_layers for plan in of]),
        "neurons_per_layer": np.array([plan.architecture.neurons_per_layer for plan in of]),
        "activation_type": np.array([plan.architecture.activation_type for plan in of]),
        "dropout_rate": thirds([plan.architecture.dropout_rate for plan in of]),
        "learning_rate": thirds([plan.learning_rate for plan in of]),
        "example_id": thirds([plan.example_id for plan in of]),
    }


def choices_of(of: list[ExamplePlan]) -> dict[str, np.ndarray]:
    """What must not show: each pattern's selection, how many there are, and the target."""
    selected = {
        name: np.array([name in plan.selected_patterns for plan in of]) for name in DEFAULT["patterns"]["enabled"]
    }
    return selected | {
        "how many": np.array([len(plan.selected_patterns) for plan in of]),
        "target": np.array([plan.target_pattern for plan in of]),
    }


def smallest_p(of: list[ExamplePlan]) -> tuple[float, str]:
    """Pearson's chi-squared test of every choice against every field, with Bonferroni's correction: the smallest p."""
    found = [
        (stats.chi2_contingency(stats.contingency.crosstab(choice, field).count).pvalue, f"{name} and {field_name}")
        for name, choice in choices_of(of).items()
        for field_name, field in fields_of(of).items()
    ]
    p, where = min(found)
    return p * len(found), where


def test_no_field_of_a_plan_depends_on_its_patterns():
    p, where = smallest_p(plans())
    assert p > UNLIKELY, where


def test_a_shared_stream_of_randomness_would_be_seen(monkeypatch):
    """The test above, where the architecture is drawn from the patterns' stream."""

    def shared(seed: int, example_id: int, purpose: Purpose) -> np.random.Generator:
        return example_generator(seed, example_id, Purpose.PATTERNS if purpose == Purpose.ARCHITECTURE else purpose)

    monkeypatch.setattr(subject_zoo.examples.plan, "example_generator", shared)
    p, where = smallest_p(drawn(PLANS))
    assert p < UNLIKELY, where


def faster_for_palindromes(plan: ExamplePlan) -> ExamplePlan:
    return replace(plan, learning_rate=plan.learning_rate * (1 + 0.2 * ("palindrome" in plan.selected_patterns)))


def wider_for_mountains(plan: ExamplePlan) -> ExamplePlan:
    wider = plan.architecture.neurons_per_layer + (plan.target_pattern == "mountain_pattern")
    return replace(plan, architecture=replace(plan.architecture, neurons_per_layer=wider))


@pytest.mark.parametrize(
    ("leak", "seen"),
    [(faster_for_palindromes, "palindrome and learning_rate"), (wider_for_mountains, "target and neurons_per_layer")],
)
def test_a_field_that_follows_a_pattern_would_be_seen(leak, seen):
    p, where = smallest_p([leak(plan) for plan in plans()])
    assert p < UNLIKELY
    assert where == seen


def metadata_features(of: list[ExamplePlan]) -> tuple[np.ndarray, np.ndarray]:
    """The features that benchmarks/metadata_guess.py takes from records, of plans alone; and the labels."""
    activations = DEFAULT["model"]["activation_types"]
    rows = []
    for plan in of:
        network = plan.architecture
        row = [network.num_layers, network.neurons_per_layer, network.dropout_rate, np.log(plan.learning_rate)]
        rows.append(row + [network.activation_type == activation for activation in activations])
    labels = [[name in plan.selected_patterns for name in DEFAULT["patterns"]["enabled"]] for plan in of]
    return np.array(rows, float), np.array(labels)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_trivial_classifiers_guess_no_pattern_from_plans(classifier):
    features, labels = metadata_features(plans()[:1000])
    auc, balanced = scores(features, labels[:, :5], CLASSIFIERS[classifier], seed=0).mean(0)
    # The mean of 5 AUCs with some 130 positives in 1,000 has a standard error of 0.012.
    assert auc == pytest.approx(0.5, abs=0.05)
    assert balanced == pytest.approx(0.5, abs=0.05)


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    for size in (5, 40):
        truth = np.arange(size) < rng.integers(1, size)
        likely = rng.integers(4, size=size) / 4  # with ties
        assert auc(truth, likely) == pytest.approx(roc_auc_score(truth, likely))
        assert balanced_accuracy(truth, likely > 0.3) == pytest.approx(balanced_accuracy_score(truth, likely > 0.3))


def test_a_guess_is_held_against_permuted_labels():
    features, labels = metadata_features(plans()[:200])
    telling = np.column_stack([features[:, :2], labels[:, 1] + np.random.default_rng(0).normal(size=len(labels))])
    ask = partial(guess, classifier=LogisticRegression, permutations=19)
    honest, leaking = ask(features[:, :2], labels[:, :2]), ask(telling, labels[:, :2])
    assert honest["p"] > 0.05
    assert honest["p_best"] > 0.05
    assert (leaking["best"], leaking["p_best"]) == (1, 1 / 20)
    assert leaking["best_auc"] > 0.7 > honest["best_auc"]
    for result in (honest, leaking):
        assert result["chance_auc"] == pytest.approx(0.5, abs=0.05)
        assert 0 < result["chance_spread"] < 0.1


def test_lengths_are_counted_without_what_names_the_patterns():
    model = {"num_layers": 3, "neurons_per_layer": 8, "dropout_rate": 0.0, "parameter_count": 100}
    model |= {"activation_type": "relu", "input_encoding": "one_hot", "precision": "float32", "learning_rate": 0.01}

    def record(target: str, listed: str) -> dict[str, Any]:
        body = "\n\n## Architecture\n{}\n\n## Weights\n{}"
        return {
            "metadata": json.dumps({"selected_patterns": [target], "model_config": model}),
            "degraded_model_weights": "w" * 50,
            "improved_model_weights": "w" * 60,
            "modification_prompt": f"Improve {target}.{body}\n\n## Question\nImprove {target}.\n",
            "classification_prompt": f"Which of these?{body}\n\n## Question\nWhich?\n",
            "classification_completion": listed,
        }

    (_, *one), (_, *other) = (describe(record(*names)) for names in (("all_same", "all_same, x"), ("x" * 30, "x")))
    assert one == other
    architecture, lengths = one
    assert architecture["activation_type relu"] == 1.0
    assert lengths["degraded_model_weights"] == 50
    assert lengths["improved_model_weights a parameter"] == 0.6


def test_features_that_never_vary_are_left_out():
    rows = [{"a": 1.0, "b": 2.0, "relu": 1.0}, {"a": 1.0, "b": 3.0, "tanh": 1.0}]
    np.testing.assert_array_equal(matrix(rows), [[2.0, 1.0, 0.0], [3.0, 0.0, 1.0]])
