"""Whether an example is what it claims to be: the gates, and why it fails them."""

from collections.abc import Mapping
from statistics import fmean
from typing import Any

import numpy as np

from subject_zoo.plans import ExamplePlan
from subject_zoo.prompt_length import TOO_LONG
from subject_zoo.test_set import BACKGROUND, TestSet

# A model "classifies a pattern as positive" when it calls so large a share of its sequences positive. Not a half:
# alternating sequences satisfy increasing_pairs for exactly half of their number, and of up to three patterns together
# they can satisfy one for up to 0.833 of it, but never between that and all.
CLAIMED_RATE = 0.85
GATES = ("improvement", "specificity", "stability", "competence", "claim")
DECIMALS = 6  # of recorded shares; judged as recorded, so that 0.7 - 0.5 reaches a threshold of 0.2


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
) -> dict[str, Any]:
    """`accepted`, `reasons` (the gates failed) and the figures that decided, from accuracies in [0, 1].

    `degraded` and `improved` are accuracies by selected pattern and "background"; `thresholds` the config's
    section `validation`. The gates are those of the design: improvement, specificity, stability, competence;
    and claim: the patterns that the improved model classifies as positive are exactly those that its labels do,
    so that the list in the classification completion is true.
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
    test_set: TestSet,
    degraded: np.ndarray,
    improved: np.ndarray,
    config: Mapping[str, Any],
) -> dict[str, Any]:
    """The entry of validation.json for one example, from both models' verdicts on the test set, bool [m].

    Accuracies and rates are shares in [0, 1], rounded to DECIMALS before they are judged, so that whoever
    recomputes the gates from the entry finds the same.
    """
    selected = plan.selected_patterns
    before, after = (_rounded(test_set.accuracies(positive, selected)) for positive in (degraded, improved))
    rates, true_rates = _rounded(test_set.positive_rates(improved)), _rounded(test_set.true_rates(selected))
    held_out = dict(zip(test_set.pools.names, test_set.held_out, strict=True))
    verdict = judge(plan.target_pattern, before, after, rates, true_rates, config["validation"])
    return {
        "example_id": plan.example_id,
        "accepted": verdict.pop("accepted"),
        "reasons": verdict.pop("reasons"),
        "target_pattern": plan.target_pattern,
        "selected_patterns": list(selected),
        "degraded": {"accuracy": before},
        "improved": {"accuracy": after},
        **verdict,
        "positive_rate": rates,
        "true_rate": true_rates,
        "classified_patterns": claimed_patterns(rates),
        "test_sequences": test_set.counts(selected),
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
    return round(value, DECIMALS)
