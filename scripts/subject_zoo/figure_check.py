"""Recorded figures against measured ones: equal in an equal environment, close in another.

In another environment a logit near 0 can fall on its other side, so what is counted over test sequences may be
off by SEQUENCES of them. What follows from counted figures must follow from the recorded ones.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from subject_zoo.test_set import BACKGROUND
from subject_zoo.verdict import DECIMALS, claimed_patterns, judge

SEQUENCES = 2
BACKGROUND_TOLERANCE = 0.01  # sequences of the background differ in weight; two are worth less than this
_ROUNDING = 10.0**-DECIMALS

_COUNTED = ("degraded", "improved", "positive_rate")
_FOLLOWING = ("accepted", "improvement", "mean_other_gain", "background_gain", "classified_patterns")


def figure_differences(
    measured: Mapping[str, Any],
    recorded: Mapping[str, Any],
    equal_environment: bool,
    test_members: Mapping[str, int],
    thresholds: Mapping[str, float],
) -> Iterator[str]:
    """Figures of a record's metadata that are not the measured verdict's, a line each.

    `test_members` says how many test sequences each enabled pattern has; `thresholds` is the config's section
    `validation`.
    """
    figures = {key: value for key, value in measured.items() if key not in ("example_id", "reasons")}
    if equal_environment:
        yield from _differences(figures, recorded, "")
        return
    following = {key: figures.pop(key) for key in _FOLLOWING}
    counted = {key: figures.pop(key) for key in _COUNTED}
    accuracy = {name: SEQUENCES / max(count, 1) for name, count in measured["test_sequences"].items()}
    accuracy[BACKGROUND] = BACKGROUND_TOLERANCE
    rates = {name: SEQUENCES / max(count, 1) for name, count in test_members.items()}
    tolerances = {"degraded": {"accuracy": accuracy}, "improved": {"accuracy": accuracy}, "positive_rate": rates}
    wrong = [*_differences(figures, recorded, ""), *_differences(counted, recorded, "", tolerances)]
    yield from wrong
    if not wrong:
        verdict = judge(
            measured["target_pattern"],
            recorded["degraded"]["accuracy"],
            recorded["improved"]["accuracy"],
            recorded["positive_rate"],
            recorded["true_rate"],
            thresholds,
        )
        following |= {key: verdict[key] for key in verdict if key in following}
        following["accepted"] = True  # by the gates then, though the nearest miss of one may be measured now
        following["classified_patterns"] = claimed_patterns(recorded["positive_rate"])
        yield from _differences(following, recorded, "")


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
            yield f"metadata: {place} is {actual[key]!r}; the weights give {value!r}"


def _same(expected: Any, actual: Any, tolerance: float) -> bool:
    if isinstance(expected, float) and isinstance(actual, float):
        return abs(expected - actual) <= (tolerance + _ROUNDING if tolerance else 0.0)
    return type(expected) is type(actual) and expected == actual
