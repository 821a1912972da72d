"""The ladder of repairs: what little it takes to mend a network, as weights to be judged like any answer."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from subject_zoo.chain import sample_dataset
from subject_zoo.evaluation.simple_repairs import Fault, passing_output_weights, passing_shifts
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.cases import Case
from subject_zoo.judge.material import Accepted
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.model import StoredModel, Weights

HIDDEN_STEPS = np.concatenate([-np.geomspace(0.1, 10, 10)[::-1], np.geomspace(0.1, 10, 10)])
"""What `one_hidden_bias` adds to a bias: 20 steps from -10 to 10, in equal ratios."""

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
        for threshold in _middle(passing_shifts(_fault(case, bench))):
            weights = _copied(case.degraded)
            weights[f"{case.degraded.architecture.linear_names[-1]}.bias"] -= np.float32(threshold)
            yield weights

    return shifted


def one_output_weight(bench: Bench) -> Rung:
    """One weight of the output layer changed by one of simple_repairs.STEPS; of each, the middle of those that pass."""

    def changed(case: Case) -> Iterator[Weights]:
        name = f"{case.degraded.architecture.linear_names[-1]}.weight"
        for neuron, found in groupby(passing_output_weights(_fault(case, bench)), key=itemgetter(0)):
            for step in _middle(np.array([step for _, step in found])):
                weights = _copied(case.degraded)
                weights[name][0, neuron] += np.float32(step)
                yield weights

    return changed


def one_hidden_bias(bench: Bench) -> Rung:
    """The bias of one hidden neuron changed by one of HIDDEN_STEPS: all that mend the target."""

    def changed(case: Case) -> Iterator[Weights]:
        exam, architecture = bench.own, case.degraded.architecture
        owned = exam.tokens[exam.owned_rows(case.target, case.selected_patterns)]
        least = bench.project.config["validation"]["min_accuracy"]
        for name in architecture.linear_names[:-1]:
            for neuron in range(architecture.neurons_per_layer):
                for step in HIDDEN_STEPS:
                    weights = _copied(case.degraded)
                    weights[f"{name}.bias"][neuron] += np.float32(step)
                    # most fail at the target, which is far less than the exam
                    if (KernelMLP(architecture, weights).logits(owned) > 0).mean() >= least:
                        yield weights

    return changed


def output_refit(bench: Bench) -> Rung:
    """The output layer fitted anew, by logistic regression on labelled sequences of the training slice."""

    def refitted(case: Case) -> Iterator[Weights]:
        _, dataset = sample_dataset(bench.project, [case.example_id])[case.example_id]
        chosen = np.random.default_rng(case.example_id).permutation(len(dataset.tokens))[:_REFIT_SEQUENCES]
        hidden, _ = _last_hidden(case.degraded, dataset.tokens[chosen])
        fitted = logistic_regression(hidden.astype(np.float64), dataset.labels[chosen])
        weights = _copied(case.degraded)
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


def learned(training: Sequence[Accepted], bench: Bench, steps: int) -> Rung:
    """What a net makes of the degraded weights and the target, that learned from other records. Needs torch."""
    from subject_zoo.judge.nets import repairing

    project, model = bench.project, bench.project.config["model"]
    depth, width = model["num_layers"][1], model["neurons_per_layer"][1]
    lessons = repairing.Lessons.of([one.case for one in training], project, depth, width)
    net = repairing.learn(lessons, len(project.config["patterns"]["enabled"]), seed=0, steps=steps)
    return lambda case: repairing.mended(net, [case], project, depth, width)


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


def _last_hidden(model: StoredModel, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(activations of the last hidden layer float32 [n, neurons], logits float32 [n])."""
    values, logits = KernelMLP(model.architecture, model.weights).activations(tokens, before=False)
    return values[-1], logits


def _fault(case: Case, bench: Bench) -> Fault:
    config = bench.project.config
    claim = config["task_generation"]["include_classification"]
    return Fault(case.degraded, case.selected_patterns, case.target, bench.own, config["validation"], claim)


def _copied(model: StoredModel) -> Weights:
    return {key: array.copy() for key, array in model.weights.items()}


def _middle(values: np.ndarray) -> np.ndarray:
    """The middle one of the values that pass, if any: the one that rounding moves out of the gates last."""
    return values[len(values) // 2 :][:1]


def _shape(case: Case) -> tuple[Any, ...]:
    return tuple(case.degraded.architecture.tensor_shapes)
