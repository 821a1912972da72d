"""The ladder of repairs: what little it takes to mend a network, as weights to be judged like any answer."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from subject_zoo.base.terms import CLAIMED_RATE, SHARE_DECIMALS
from subject_zoo.chain import sample_dataset
from subject_zoo.evaluation.exam import Exam
from subject_zoo.evaluation.gates import claimed_patterns
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.cases import Case
from subject_zoo.judge.material import Accepted
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.model import StoredModel, Weights

STEPS = np.concatenate([-np.geomspace(0.05, 20, 30)[::-1], np.geomspace(0.05, 20, 30)])
"""What `one_output_weight` adds to a weight: 60 steps from -20 to 20, in equal ratios."""

_REFIT_SEQUENCES = 6000
_REFIT_STEPS = 25
_REFIT_PENALTY = 1e-3

Rung = Callable[[Case], Iterator[Weights]]
"""Answers of a rung for a case: it passes if any of them does."""


def copy(case: Case) -> Iterator[Weights]:
    """The degraded network as it is."""
    yield dict(case.degraded.weights)


def true(case: Case) -> Iterator[Weights]:
    """The recorded repair."""
    yield dict(case.improved.weights)


def bias_shift(bench: Bench) -> Rung:
    """Another output bias: exactly, by all thresholds between the sorted logits of the record's own exam."""

    def shifted(case: Case) -> Iterator[Weights]:
        logits = _logits(case.degraded, bench.own)
        ordered = np.unique(logits)
        thresholds = (ordered[:-1].astype(np.float64) + ordered[1:]) / 2
        passing = passes(case, bench, lambda rows: _share_above(logits[rows], thresholds))
        for threshold in _middle(thresholds[passing]):
            yield _with_bias(case.degraded, threshold)

    return shifted


def one_output_weight(bench: Bench) -> Rung:
    """One weight of the output layer changed by one of STEPS; the best of all that pass the gates."""

    def changed(case: Case) -> Iterator[Weights]:
        hidden, logits = _last_hidden(case.degraded, bench.own.tokens)
        name = f"{case.degraded.architecture.linear_names[-1]}.weight"
        for neuron in range(hidden.shape[1]):
            positive = logits + np.outer(STEPS, hidden[:, neuron]) > 0  # [steps, m]
            passing = passes(case, bench, lambda rows, p=positive: p[:, rows].mean(axis=1))  # type: ignore[misc]
            for step in _middle(STEPS[passing]):
                weights = {key: array.copy() for key, array in case.degraded.weights.items()}
                weights[name][0, neuron] += np.float32(step)
                yield weights

    return changed


def output_refit(bench: Bench) -> Rung:
    """The output layer fitted anew, by logistic regression on labelled sequences of the training slice."""

    def refitted(case: Case) -> Iterator[Weights]:
        _, dataset = sample_dataset(bench.project, [case.example_id])[case.example_id]
        chosen = np.random.default_rng(case.example_id).permutation(len(dataset.tokens))[:_REFIT_SEQUENCES]
        hidden, _ = _last_hidden(case.degraded, dataset.tokens[chosen])
        fitted = logistic_regression(hidden.astype(np.float64), dataset.labels[chosen])
        weights = {key: array.copy() for key, array in case.degraded.weights.items()}
        name = case.degraded.architecture.linear_names[-1]
        weights[f"{name}.weight"] = fitted[None, :-1].astype(np.float32)
        weights[f"{name}.bias"] = fitted[-1:].astype(np.float32)
        yield weights

    return refitted


def mean_repair(training: Sequence[Accepted]) -> Rung:
    """The mean of the recorded changes of training records of the same shape and target; of the same shape where there
    are none; no change where that has none either."""
    changes: dict[tuple[Any, ...], list[Weights]] = {}
    for accepted in training:
        case = accepted.case
        change = {key: case.improved.weights[key] - array for key, array in case.degraded.weights.items()}
        for key in (_shape(case), (*_shape(case), case.target_pattern)):
            changes.setdefault(key, []).append(change)

    def mended(case: Case) -> Iterator[Weights]:
        found = changes.get((*_shape(case), case.target_pattern)) or changes.get(_shape(case), [])
        yield {
            key: array + (np.mean([change[key] for change in found], axis=0) if found else np.float32(0))
            for key, array in case.degraded.weights.items()
        }

    return mended


def other_repair(training: Sequence[Accepted]) -> Rung:
    """The recorded change of one training record of the same shape, of the same target where there is one."""

    def mended(case: Case) -> Iterator[Weights]:
        alike = [a.case for a in training if _shape(a.case) == _shape(case) and a.case.example_id != case.example_id]
        same = [other for other in alike if other.target_pattern == case.target_pattern]
        rng = np.random.default_rng(case.example_id)
        pool = same or alike
        other = pool[rng.integers(len(pool))] if pool else None
        yield {
            key: array + (other.improved.weights[key] - other.degraded.weights[key] if other else np.float32(0))
            for key, array in case.degraded.weights.items()
        }

    return mended


def passes(case: Case, bench: Bench, share: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Which of k variants of a network pass the gates on the own exam, bool [k].

    `share` gives the share of an exam's rows that each variant calls positive, float64 [k]. Rounded as verdicts are.
    """
    exam, thresholds = bench.own, bench.project.config["validation"]
    selected = case.selected_patterns
    logits = _logits(case.degraded, exam)
    before = exam.accuracies_by(lambda rows: np.array([(logits[rows] > 0).mean()]), selected)
    after = exam.accuracies_by(share, selected)
    gains = {name: np.round(after[name] - before[name], SHARE_DECIMALS) for name in after}
    target = gains.pop(case.target_pattern)
    others = np.stack(list(gains.values()))
    mean_other = np.round(others.mean(axis=0), SHARE_DECIMALS)
    listed = set(claimed_patterns(exam.true_rates(selected)))
    rates = {name: np.round(rate, SHARE_DECIMALS) for name, rate in exam.positive_rates_by(share).items()}
    claimed_rightly = [(rate >= CLAIMED_RATE) == (name in listed) for name, rate in rates.items()]
    return np.logical_and.reduce(
        [
            target >= thresholds["min_degradation_threshold"],
            np.round(target - mean_other, SHARE_DECIMALS) >= thresholds["min_specificity"],
            target > others.max(axis=0),
            others.min(axis=0) >= -thresholds["max_other_degradation"],
            np.round(np.stack(list(after.values())), SHARE_DECIMALS).min(axis=0) >= thresholds["min_accuracy"],
            *claimed_rightly,
        ]
    )


def logistic_regression(inputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weights and, last, the bias, float64 [d + 1], of inputs float64 [n, d] and labels bool [n].

    Newton's method on the mean cross-entropy and _REFIT_PENALTY / 2 times the weights' squares (not the bias's).
    """
    design = np.column_stack([inputs, np.ones(len(inputs))])
    penalty = np.diag([_REFIT_PENALTY] * inputs.shape[1] + [1e-9])
    weights = np.zeros(design.shape[1])
    for _ in range(_REFIT_STEPS):
        rates = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (rates - labels) / len(labels) + penalty @ weights
        curvature = (design.T * (rates * (1 - rates))) @ design / len(labels) + penalty
        weights = weights - np.linalg.solve(curvature, gradient)
    return weights


def _logits(model: StoredModel, exam: Exam) -> np.ndarray:
    return KernelMLP(model.architecture, model.weights).logits(exam.tokens)


def _last_hidden(model: StoredModel, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(activations of the last hidden layer float32 [n, neurons], logits float32 [n])."""
    values, logits = KernelMLP(model.architecture, model.weights).activations(tokens, before=False)
    return values[-1], logits


def _share_above(logits: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """The share of logits [n] above each threshold [k], float64 [k]."""
    return 1 - np.searchsorted(np.sort(logits), thresholds, side="right") / len(logits)


def _with_bias(model: StoredModel, threshold: float) -> Weights:
    """The network whose logits are less by a threshold."""
    weights = {key: array.copy() for key, array in model.weights.items()}
    weights[f"{model.architecture.linear_names[-1]}.bias"] -= np.float32(threshold)
    return weights


def _middle(values: np.ndarray) -> np.ndarray:
    """The middle one of the values that pass, if any: the one that rounding moves out of the gates last."""
    return values[len(values) // 2 :][:1]


def _shape(case: Case) -> tuple[Any, ...]:
    return tuple(case.degraded.architecture.tensor_shapes)
