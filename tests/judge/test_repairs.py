"""The rungs of modification: ends that hold at any size, and vectorised gates that say what the judge says."""

import itertools

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from subject_zoo.judge import repairs
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.material import Accepted, accepted_examples
from subject_zoo.judge.modification import score_repair
from subject_zoo.judge.noise import TOP, noise_ceiling
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.project import Project
from tests.finished_dataset import tiny_config


@pytest.fixture(scope="module")
def project() -> Project:
    return Project(tiny_config())


@pytest.fixture(scope="module")
def bench(project) -> Bench:
    return Bench(project, fresh_seed=1)


@pytest.fixture(scope="module")
def records(project) -> list[Accepted]:
    examples = accepted_examples(project.config, None)
    return [next(examples) for _ in range(12)]


def passed(rung: repairs.Rung, one: Accepted, bench: Bench) -> list[bool]:
    return [score_repair(one.case, weights, bench)["passed"] for weights in rung(one.case)]


def test_the_truth_passes_and_a_copy_does_not(records, bench):
    for one in records:
        assert passed(repairs.true, one, bench) == [True]
        assert passed(repairs.copy, one, bench) == [False]


@pytest.mark.parametrize("make", [repairs.bias_shift, repairs.one_output_weight])
def test_what_a_search_answers_passes_and_changes_one_number(records, bench, make):
    answered = 0
    for one in records:
        for weights in make(bench)(one.case):
            figures = score_repair(one.case, weights, bench)
            assert figures["passed"], figures["reason"]
            assert figures["changed_numbers"] == 1
            answered += 1
    assert answered > 0  # this configuration allows records that are mended so


def test_a_hidden_bias_is_one_number_and_mends_the_target(records, bench):
    for one in records[:4]:
        case, least = one.case, bench.project.config["validation"]["min_accuracy"]
        for weights in itertools.islice(repairs.one_hidden_bias(bench)(case), 10):
            assert score_repair(case, weights, bench)["changed_numbers"] == 1
            positive = KernelMLP(case.degraded.architecture, weights).logits(bench.own.tokens) > 0
            assert bench.own.accuracies(positive, case.selected_patterns)[case.target_pattern] >= least


def test_a_refit_changes_the_output_layer_alone(records, bench):
    case = records[0].case
    (weights,) = repairs.output_refit(bench)(case)
    last = case.degraded.architecture.linear_names[-1]
    for name, array in case.degraded.weights.items():
        assert weights[name].shape == array.shape
        assert np.array_equal(weights[name], array) == (not name.startswith(f"{last}."))


def test_repairs_of_others_are_those_of_training_records_of_the_same_shape(records):
    case = records[0].case
    changes = {
        one.case.example_id: {
            name: one.case.improved.weights[name] - one.case.degraded.weights[name]
            for name in one.case.degraded.weights
        }
        for one in records
        if one.case.degraded.architecture.tensor_shapes == case.degraded.architecture.tensor_shapes
    }
    (other,) = repairs.other_repair(records)(case)
    given = {name: other[name] - array for name, array in case.degraded.weights.items()}
    alike = [i for i, change in changes.items() if all(np.allclose(change[n], given[n], atol=1e-6) for n in change)]
    assert case.example_id not in alike
    (mean,) = repairs.mean_repair([records[0]])(case)
    for name, array in case.improved.weights.items():
        np.testing.assert_allclose(mean[name], array, atol=1e-6)
    for rung in (repairs.mean_repair([]), repairs.other_repair([])):
        (same,) = rung(case)
        assert all(np.array_equal(same[name], array) for name, array in case.degraded.weights.items())


def test_logistic_regression_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(400, 5))
    labels = inputs @ rng.normal(size=5) + 0.3 + rng.logistic(size=400) > 0
    penalty = 1e-3
    reference = LogisticRegression(C=1 / (penalty * len(labels)), tol=1e-10, max_iter=1000).fit(inputs, labels)
    expected = [*reference.coef_[0], reference.intercept_[0]]
    np.testing.assert_allclose(repairs.logistic_regression(inputs, labels), expected, rtol=1e-4)


def test_two_runs_of_a_repair_are_more_alike_than_two_records(records, project):
    figures = noise_ceiling([one.case for one in records], project)
    assert set(figures) == {
        f"{f}, {n}" for f in ("cosine", "jaccard") for n in ("two runs", "two records of one shape")
    }
    for figure in ("cosine", "jaccard"):
        low, middle, high = figures[f"{figure}, two runs"]
        assert low <= middle <= high <= 1
        assert middle > figures[f"{figure}, two records of one shape"][1]
    by_chance = TOP / (2 - TOP)
    assert figures["jaccard, two runs"][1] > by_chance


def test_twins_are_no_records_that_have_nothing_to_do_with_each_other():
    project = Project(tiny_config({"dataset": {"twins": True, "corruption": "region"}}))
    cases = [one.case for one in itertools.islice(accepted_examples(project.config, None), 12)]
    [pair, *_] = [(a, b) for a, b in itertools.pairwise(cases) if a.example_id // 2 == b.example_id // 2]
    assert not any("two records" in name for name in noise_ceiling(pair, project))
    assert any("two records" in name for name in noise_ceiling(cases, project))
