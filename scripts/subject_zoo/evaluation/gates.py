"""Whether an example is what it claims to be: the gates, and why it fails them."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from subject_zoo.base.terms import BACKGROUND, CLAIMED_RATE, GATES, SHARE_DECIMALS, TOO_LONG
from subject_zoo.evaluation.exam import Exam
from subject_zoo.examples.plan import ExamplePlan


def claimed_patterns(rates: Mapping[str, float]) -> list[str]:
    """The patterns that a model classifies as positive, in the order of `rates`."""
    return [name for name, rate in rates.items() if rate >= CLAIMED_RATE]


def judge(
    target: str,
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
    mends the degraded model.
    """
    gains = _rounded({name: improved[name] - degraded[name] for name in degraded})
    others = [gain for name, gain in gains.items() if name != target]
    improvement = gains[target]
    mean_other = _rounded(fmean(others))
    passed = {
        "improvement": improvement >= thresholds["min_degradation_threshold"],
        "specificity": _rounded(improvement - mean_other) >= thresholds["min_specificity"]
        and improvement > max(others),
        "stability": min(others) >= -thresholds["max_other_degradation"],
        "competence": min(improved.values()) >= thresholds["min_accuracy"],
        "claim": claimed_patterns(positive_rates) == claimed_patterns(true_rates),
        "repair": not simple_repairs,
    }
    reasons = [gate for gate in GATES if not passed[gate]]
    return {
        "accepted": not reasons,
        "reasons": reasons,
        "improvement": improvement,
        "mean_other_gain": mean_other,
        "background_gain": gains[BACKGROUND],
    }


def validate_example(
    plan: ExamplePlan,
    exam: Exam,
    degraded: np.ndarray,
    improved: np.ndarray,
    config: Mapping[str, Any],
    find_simple_repairs: Callable[[], list[str]] = list,
) -> dict[str, Any]:
    """The entry of validation.json for one example, from both models' verdicts on the test set, bool [m].

    `simple_repairs` are looked for where all other gates pass and the configuration does not allow them; else null.

    Accuracies and rates are shares in [0, 1], rounded to SHARE_DECIMALS before they are judged, so that whoever
    recomputes the gates from the entry finds the same.
    """
    selected = plan.selected_patterns
    before, after = (_rounded(exam.accuracies(positive, selected)) for positive in (degraded, improved))
    rates, true_rates = _rounded(exam.positive_rates(improved)), _rounded(exam.true_rates(selected))
    held_out = dict(zip(exam.pools.names, exam.pools.held_out, strict=True))
    thresholds, simple = config["validation"], None
    verdict = judge(plan.target_pattern, before, after, rates, true_rates, thresholds)
    if verdict["accepted"] and not thresholds["allow_simple_repairs"]:
        simple = find_simple_repairs()
        verdict = judge(plan.target_pattern, before, after, rates, true_rates, thresholds, simple)
    return {
        "example_id": plan.example_id,
        "accepted": verdict.pop("accepted"),
        "reasons": verdict.pop("reasons"),
        "target_pattern": plan.target_pattern,
        "selected_patterns": list(selected),
        "degraded": {"accuracy": before},
        "improved": {"accuracy": after},
        **verdict,
        "simple_repairs": simple,
        "positive_rate": rates,
        "true_rate": true_rates,
        "classified_patterns": claimed_patterns(rates),
        "test_sequences": exam.counts(selected),
        "held_out": {name: held_out[name] for name in selected},
    }


def reject_untrained(plan: ExamplePlan) -> dict[str, Any]:
    """The entry of validation.json for an example that was not trained, since its prompt could never fit."""
    return {
        "example_id": plan.example_id,
        "accepted": False,
        "reasons": [TOO_LONG],
        "target_pattern": plan.target_pattern,
        "selected_patterns": list(plan.selected_patterns),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, SHARE_DECIMALS)
