"""Whether an example is what it claims to be: the gates, and why it fails them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from statistics import fmean
from typing import Any

import numpy as np

from subject_zoo.base.terms import BACKGROUND, CLAIMED_RATE, GATES, NO_PATTERN, SHARE_DECIMALS, TOO_LONG
from subject_zoo.config.tasks import left_out_tasks
from subject_zoo.evaluation.diagnosis import is_definite
from subject_zoo.evaluation.exam import Exam
from subject_zoo.examples.plan import ExamplePlan, draw_diagnosed

_GATES_OF_ONE_TASK = {
    "modification": ("improvement", "specificity", "stability", "repair"),
    "classification": ("claim",),
    "diagnosis": ("diagnosis",),
}
_FIGURES_OF_ONE_TASK = {
    "modification": ("target_pattern", "degraded", "simple_repairs"),
    "classification": ("positive_rate", "true_rate", "classified_patterns"),
    "diagnosis": ("diagnosis",),
}


def gates_of(task_generation: Mapping[str, bool]) -> list[str]:
    """The gates that examples have to pass, in their order, by the config's section `task_generation`."""
    foreign = {gate for task in left_out_tasks(task_generation) for gate in _GATES_OF_ONE_TASK[task]}
    return [gate for gate in GATES if gate not in foreign]


def claimed_patterns(rates: Mapping[str, float]) -> list[str]:
    """The patterns that a model classifies as positive, in the order of `rates`."""
    return [name for name, rate in rates.items() if rate >= CLAIMED_RATE]


def judge(
    target: str | None,
    degraded: Mapping[str, float],
    improved: Mapping[str, float],
    positive_rates: Mapping[str, float],
    true_rates: Mapping[str, float],
    thresholds: Mapping[str, float],
    simple_repairs: Sequence[str] = (),
) -> dict[str, Any]:
    """`accepted`, `reasons` (the gates failed) and the figures that decided, from accuracies in [0, 1].

    `degraded` and `improved` are accuracies by selected pattern and "background"; `thresholds` the config's
    section `validation`. The gates are those of the design: improvement, specificity, stability, competence;
    claim: the patterns that the improved model classifies as positive are exactly those that its labels do, so that
    the list in the classification completion is true; and repair: nothing simple, of `simple_repairs` that were found,
    mends the degraded model. Without a target there is no degraded model, and competence and claim alone are asked;
    without rates, empty both, there is no claim.
    """
    passed = {
        "competence": min(improved.values()) >= thresholds["min_accuracy"],
        "claim": claimed_patterns(positive_rates) == claimed_patterns(true_rates),
        "repair": not simple_repairs,
    }
    figures = {}
    if target is not None:
        gains = _rounded({name: improved[name] - degraded[name] for name in degraded})
        others = [gain for name, gain in gains.items() if name != target]
        improvement = gains[target]
        mean_other = _rounded(fmean(others))
        passed |= {
            "improvement": improvement >= thresholds["min_degradation_threshold"],
            "specificity": _rounded(improvement - mean_other) >= thresholds["min_specificity"]
            and improvement > max(others),
            "stability": min(others) >= -thresholds["max_other_degradation"],
        }
        figures = {
            "improvement": improvement,
            "mean_other_gain": mean_other,
            "background_gain": gains[BACKGROUND],
        }
    reasons = [gate for gate in GATES if not passed.get(gate, True)]
    return {"accepted": not reasons, "reasons": reasons, **figures}


def validate_example(
    plan: ExamplePlan,
    exam: Exam,
    degraded: np.ndarray | None,
    improved: np.ndarray,
    config: Mapping[str, Any],
    find_simple_repairs: Callable[[], list[str]] = list,
    find_fault: Callable[[], dict[str, Any]] = dict,
) -> dict[str, Any]:
    """The entry of validation.json for one example, from both models' verdicts on the test set, bool [m].

    There is none on a degraded model, and no figure of one, where the plan has no target; nor figures of the claim
    where `config` asks for no classification. `simple_repairs` are looked for where all other gates pass and the
    configuration does not allow them; else null. So is the fault, where all these pass and a diagnosis is asked for:
    the gate of that name is passed if what diagnoses say of either model is true, whichever is shown.

    Accuracies and rates are shares in [0, 1], rounded to SHARE_DECIMALS before they are judged, so that whoever
    recomputes the gates from the entry finds the same.
    """
    selected, asked = plan.selected_patterns, config["task_generation"]
    before = {} if degraded is None else _rounded(exam.accuracies(degraded, selected))
    after = _rounded(exam.accuracies(improved, selected))
    rates, true_rates = {}, {}
    if asked["include_classification"]:
        rates, true_rates = _rounded(exam.positive_rates(improved)), _rounded(exam.true_rates(selected))
    held_out = dict(zip(exam.pools.names, exam.pools.held_out, strict=True))
    judge_by = partial(judge, plan.target_pattern, before, after, rates, true_rates, config["validation"])
    verdict, simple, diagnosis = judge_by(), None, None
    if degraded is not None and verdict["accepted"] and not config["validation"]["allow_simple_repairs"]:
        simple = find_simple_repairs()
        verdict = judge_by(simple)
    if asked["include_diagnosis"] and plan.target_pattern is not None and verdict["accepted"]:
        diagnosis = _diagnosis(plan, config["seed"], fault := find_fault())
        if not is_definite(plan.target_pattern, before, after, fault):
            verdict |= {"accepted": False, "reasons": ["diagnosis"]}
    entry = {
        "example_id": plan.example_id,
        "accepted": verdict.pop("accepted"),
        "reasons": verdict.pop("reasons"),
        "target_pattern": plan.target_pattern,
        "selected_patterns": list(selected),
        **_twin(plan),
        "degraded": {"accuracy": before},
        "improved": {"accuracy": after},
        **verdict,
        "simple_repairs": simple,
        "positive_rate": rates,
        "true_rate": true_rates,
        "classified_patterns": claimed_patterns(rates),
        "diagnosis": diagnosis,
        "test_sequences": exam.counts(selected),
        "held_out": {name: held_out[name] for name in selected},
    }
    return _of_tasks(entry, asked)


def reject_untrained(plan: ExamplePlan, task_generation: Mapping[str, bool]) -> dict[str, Any]:
    """The entry of validation.json for an example that was not trained, since its prompt could never fit."""
    entry = {
        "example_id": plan.example_id,
        "accepted": False,
        "reasons": [TOO_LONG],
        "target_pattern": plan.target_pattern,
        "selected_patterns": list(plan.selected_patterns),
        **_twin(plan),
    }
    return _of_tasks(entry, task_generation)


def _diagnosis(plan: ExamplePlan, seed: int, fault: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry says of a diagnosis: the model that it shows, and of the degraded one the fault."""
    shown = draw_diagnosed(seed, plan.example_id)
    poor = plan.target_pattern if shown == "degraded" else NO_PATTERN
    return {"shown": shown, "poor_pattern": poor, "fault": fault}


def _twin(plan: ExamplePlan) -> dict[str, Any]:
    """What an entry says of an example's twin, if it has one."""
    return {} if plan.twin is None else {"twin": asdict(plan.twin)}


def _of_tasks(entry: Mapping[str, Any], task_generation: Mapping[str, bool]) -> dict[str, Any]:
    """An entry without the figures of tasks that are left out."""
    foreign = {name for task in left_out_tasks(task_generation) for name in _FIGURES_OF_ONE_TASK[task]}
    return {name: value for name, value in entry.items() if name not in foreign}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, SHARE_DECIMALS)
