"""Recorded figures and signatures against measured ones: equal in an equal environment, close in another.

In another environment a logit near 0 can fall on its other side, so what is counted over test sequences may be
off by TOLERATED_SEQUENCES of them. What follows from counted figures must follow from the recorded ones.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import ABLATION, AUDIT, BACKGROUND, EXACT, SHARE_DECIMALS, STAGES
from subject_zoo.evaluation.gates import claimed_patterns, judge
from subject_zoo.evaluation.whole_space import balanced_precision

TOLERATED_SEQUENCES = 2
BACKGROUND_TOLERANCE = 0.01  # sequences of the background differ in weight; two are worth less than this
FEATURE_TOLERANCE = 1e-4  # of the largest magnitude in a model's signature, or of 1 where that is smaller
# In another environment rounding differs from the first step on, and the weights with it; what is learnt is the
# same. Of 24 examples trained with torch's AVX2 and with its plain kernels, accuracies differed by 0.017 at most.
RETRAINED_TOLERANCE = 0.1
TOLERANCES = (
    f"compared are accuracies and rates within {TOLERATED_SEQUENCES} test sequences (background "
    f"{BACKGROUND_TOLERANCE}), smooth features within {FEATURE_TOLERANCE}, accuracies of retrained models within "
    f"{RETRAINED_TOLERANCE}"
)
# Features that move a little where activations do. The others can jump: by a probe that crosses a threshold, by
# another cut of the values in two, by another base of a space of equal eigenvalues.
_SMOOTH = ("mean", "std", "max", "min", "fourier", "pattern_wise")
_ROUNDING = 10.0**-SHARE_DECIMALS

_COUNTED = ("degraded", "improved", "positive_rate")
_FOLLOWING = ("accepted", "improvement", "mean_other_gain", "background_gain", "classified_patterns")


def figure_differences(
    measured: Mapping[str, Any],
    recorded: Mapping[str, Any],
    equal_environment: bool,
    test_members: Mapping[str, int],
    thresholds: Mapping[str, float],
    members: Mapping[str, Mapping[str, int]] | None,
) -> Iterator[str]:
    """Figures of a record's metadata that are not the measured verdict's, a line each.

    `test_members` says how many test sequences each enabled pattern has, `members` how many it has in the whole space,
    as WholeSpace says, where that was measured; `thresholds` is the config's section `validation`.
    """
    figures = {key: value for key, value in measured.items() if key not in ("example_id", "reasons", AUDIT, ABLATION)}
    if equal_environment:
        yield from _differences(figures, recorded, "")
        return
    stages = [stage for stage in STAGES if stage in measured]
    following = {key: figures.pop(key) for key in _FOLLOWING if key in figures}
    counted = {key: figures.pop(key) for key in _COUNTED if key in figures}
    accuracy = {name: TOLERATED_SEQUENCES / max(count, 1) for name, count in measured["test_sequences"].items()}
    accuracy[BACKGROUND] = BACKGROUND_TOLERANCE
    rates = {name: TOLERATED_SEQUENCES / max(count, 1) for name, count in test_members.items()}
    tolerances = {"degraded": {"accuracy": accuracy}, "improved": {"accuracy": accuracy}, "positive_rate": rates}
    if "diagnosis" in figures:
        counted["diagnosis"] = figures.pop("diagnosis")
        shares = ("negative_inside", "positive_outside")
        tolerances["diagnosis"] = {"fault": dict.fromkeys(shares, BACKGROUND_TOLERANCE)}
    if members is not None:
        counted[EXACT] = figures.pop(EXACT)
        tolerances[EXACT] = _exact_tolerances(counted[EXACT], members)
    wrong = [*_differences(figures, recorded, ""), *_differences(counted, recorded, "", tolerances)]
    yield from wrong
    if not wrong:
        names = "classified_patterns" in following
        verdict = judge(
            measured.get("target_pattern"),
            recorded["degraded"]["accuracy"] if "degraded" in stages else {},
            recorded["improved"]["accuracy"],
            recorded["positive_rate"] if names else {},
            recorded["true_rate"] if names else {},
            thresholds,
        )
        following |= {key: verdict[key] for key in verdict if key in following}
        following["accepted"] = True  # by the gates then, though the nearest miss of one may be measured now
        if names:
            following["classified_patterns"] = claimed_patterns(recorded["positive_rate"])
        if members is not None:
            following[EXACT] = {
                stage: {"balanced_precision": balanced_precision(recorded[stage]["accuracy"])} for stage in stages
            }
        yield from _differences(following, recorded, "")


def compare_effects(
    measured: Mapping[str, Any], recorded: Mapping[str, Any], test_sequences: Mapping[str, int]
) -> tuple[dict[str, Any], list[str]]:
    """The recorded effects of neurons, where the measured ones have a figure too, and a line for each that is further
    from it than another environment explains: an effect is the difference of two accuracies."""
    told: dict[str, Any] = {}
    wrong = []
    for stage, layers in measured.items():
        for layer, effects in layers.items():
            for name, values in effects.items():
                place = f"{stage}.{layer}.{name}"
                there = _at(recorded, stage, layer, name)
                tolerance = (
                    BACKGROUND_TOLERANCE if name == BACKGROUND else TOLERATED_SEQUENCES / max(test_sequences[name], 1)
                )
                if not isinstance(there, list) or len(there) != len(values):
                    wrong.append(f"{ABLATION}: {place} is no list of {len(values)} numbers")
                    continue
                told.setdefault(stage, {}).setdefault(layer, {})[name] = there
                wrong += [
                    f"{ABLATION}: {place}, neuron {neuron}, is {one_line(repr(value))}; the weights give {made!r}"
                    for neuron, (value, made) in enumerate(zip(there, values, strict=True))
                    if not _same(made, value, 2 * tolerance)
                ]
    return told, wrong


def _at(value: Any, *keys: str) -> Any:
    """What stands under these keys, one inside the other; None where nothing does."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _exact_tolerances(measured: Mapping[str, Any], members: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """What TOLERATED_SEQUENCES are worth in each figure of the whole space."""
    rates = {
        name: {part: TOLERATED_SEQUENCES / max(count, 1) for part, count in parts.items()}
        for name, parts in members.items()
    }
    return {
        stage: {
            "balanced_precision": math.inf,  # follows from accuracies
            "called_positive": TOLERATED_SEQUENCES,
            "precision": TOLERATED_SEQUENCES / max(measured[stage]["called_positive"], 1),
            "recall": TOLERATED_SEQUENCES / max(measured["satisfying"], 1),
            "positive_rate": rates,
        }
        for stage in STAGES
        if stage in measured
    }


def _differences(
    expected: Mapping[str, Any], actual: Any, path: str, tolerances: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """Lines for the leaves of `expected` that `actual` has not within the tolerance at the same place, 0 if none."""
    for key, value in expected.items():
        place = f"{path}.{key}" if path else key
        tolerance = (tolerances or {}).get(key)
        if not isinstance(actual, Mapping) or key not in actual:
            yield f"metadata: {place} is missing"
        elif isinstance(value, Mapping):
            yield from _differences(value, actual[key], place, tolerance)
        elif not _same(value, actual[key], tolerance or 0.0):
            yield f"metadata: {place} is {one_line(repr(actual[key]))}; the weights give {value!r}"


def _same(expected: Any, actual: Any, tolerance: float) -> bool:
    if tolerance and type(expected) is type(actual) and isinstance(expected, int | float):
        return abs(expected - actual) <= tolerance + _ROUNDING
    return type(expected) is type(actual) and expected == actual


def signature_difference(
    made: np.ndarray, stored: np.ndarray, feature_names: Sequence[str], equal_environment: bool
) -> str | None:
    """Where a stored signature is not the one that was made, both float32 [neurons, F], in words; None if nowhere."""
    if made.shape != stored.shape:
        return f"shape is {list(stored.shape)} instead of {list(made.shape)}"
    differs = made != stored  # NaN differs from all
    if not equal_environment:
        scale = max(1.0, float(np.abs(made).max()))
        smooth = [name.split(".")[0] in _SMOOTH for name in feature_names]
        differs = ~(np.abs(made - stored) <= FEATURE_TOLERANCE * scale) & smooth
    if not differs.any():
        return None
    neuron, feature = np.argwhere(differs)[0].tolist()
    return (
        f"{feature_names[feature]} of neuron {neuron} is {stored[neuron, feature]}; "
        f"the weights give {made[neuron, feature]}"
    )
