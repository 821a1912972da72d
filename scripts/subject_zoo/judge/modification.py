"""What a modification's answer is worth, the network that it describes being run; and many of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from subject_zoo.base.terms import BACKGROUND
from subject_zoo.evaluation.exam import Exam, classify
from subject_zoo.evaluation.gates import judge
from subject_zoo.judge.answers import WrongAnswer, read_weights
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.cases import Case
from subject_zoo.judge.intervals import ends_of, mean_interval, share_interval, values_of
from subject_zoo.networks.model import StoredModel, Weights

TARGETED_WITHIN = 2.0  # times the recorded repair's relative L2 that a targeted one may change


def score_modification(case: Case, text: str, bench: Bench) -> dict[str, Any]:
    """The figures of one completion, full or a patch; of one that cannot be read `wrong` and `reason`, nothing passed.

    passed              by the gates that accepted the record, on its own exam
    targeted            passed, with a change at most TARGETED_WITHIN times as large as the recorded one
    passed_fresh        by the same gates on the fresh exam, where the true answer may miss one by chance
    reasons             the gates that it failed
    target_gain         rise of the target pattern's accuracy; worst_fall, the largest fall of another's or 0
    repair_share        the gain in units of the recorded one
    changed_numbers     of the degraded network's; distance, |answer - degraded| / |degraded| over all numbers
    distance_ratio      that in units of the recorded repair's
    benchmark           (right, of how many) on the benchmark dataset: sequences of the target, and all others
    """
    try:
        weights = read_weights(text, case.degraded, bench.project.config["format"]["modification_completion"])
    except WrongAnswer as error:
        return {**_NOTHING, "wrong": error.kind, "reason": str(error)}
    return score_repair(case, weights, bench)


def score_repair(case: Case, weights: Weights, bench: Bench) -> dict[str, Any]:
    """The figures of a repair that is given as weights, as `score_modification` gives them."""
    answer = StoredModel(case.degraded.architecture, weights, {})
    own, fresh = (_verdict(case, answer, exam, bench.project.config) for exam in (bench.own, bench.fresh))
    recorded = _verdict(case, case.improved, bench.own, bench.project.config)
    distance, true_distance = (_distance(case.degraded.weights, model.weights) for model in (answer, case.improved))
    ratio = distance / true_distance if true_distance else float(distance > 0)
    return {
        "wrong": None,
        "reason": f"fails {', '.join(own['reasons'])}" if own["reasons"] else "passes",
        "passed": own["accepted"],
        "targeted": own["accepted"] and ratio <= TARGETED_WITHIN,
        "passed_fresh": fresh["accepted"],
        "reasons": own["reasons"],
        "target_gain": own["improvement"],
        "worst_fall": own["worst_fall"],
        "repair_share": own["improvement"] / recorded["improvement"] if recorded["improvement"] else 0.0,
        "changed_numbers": sum(int((weights[name] != array).sum()) for name, array in case.degraded.weights.items()),
        "distance": distance,
        "distance_ratio": ratio,
        "benchmark": bench.benchmark_right(answer, case.selected_patterns, case.target),
    }


def summarise_modifications(pairs: Sequence[tuple[Case, Mapping[str, Any]]]) -> dict[str, Any]:
    """Shares and means over records, each with the figures of its answer; `intervals` has the 95 % interval of each,
    `by_target` shares by target."""
    means = {
        key: mean_interval(np.array([figures[key] for _, figures in pairs], np.float64))
        for key in ("passed", "targeted", "passed_fresh", "target_gain", "worst_fall", "repair_share")
    }
    read = [figures for _, figures in pairs if figures["benchmark"] is not None]
    for part in ("target", "others"):
        right, count = (sum(figures["benchmark"][part][place] for figures in read) for place in (0, 1))
        means[f"benchmark_accuracy_{part}"] = share_interval(right, count)
    by_target: dict[str, Any] = {}
    for name in sorted({case.target for case, _ in pairs}):
        own = [figures for case, figures in pairs if case.target_pattern == name]
        shares = {key: float(np.mean([figures[key] for figures in own])) for key in ("passed", "targeted")}
        by_target[name] = {"records": len(own), **shares}
    medians = {
        key: float(np.median([figures[key] for figures in read])) if read else None
        for key in ("changed_numbers", "distance", "distance_ratio")
    }
    failed = Counter(reason for _, figures in pairs for reason in figures["reasons"])
    return {
        "records": len(pairs),
        **values_of(means),
        **{f"median_{key}": value for key, value in medians.items()},
        "fails_gate": dict(failed.most_common()),
        "intervals": ends_of(means),
        "by_target": by_target,
    }


_NOTHING = {
    "passed": False,
    "targeted": False,
    "passed_fresh": False,
    "reasons": [],
    "target_gain": 0.0,
    "worst_fall": 0.0,
    "repair_share": 0.0,
    "changed_numbers": 0,
    "distance": 0.0,
    "distance_ratio": 0.0,
    "benchmark": None,
}


def _verdict(case: Case, answer: StoredModel, exam: Exam, config: Mapping[str, Any]) -> dict[str, Any]:
    """The gates' verdict on an answer, and `worst_fall`."""
    selected = case.selected_patterns
    positive = classify({0: case.degraded, 1: answer}, exam.tokens)
    before, after = (exam.accuracies(positive[which], selected) for which in (0, 1))
    rates, true_rates = {}, {}
    if config["task_generation"]["include_classification"]:  # else no record was accepted by its claim
        rates, true_rates = exam.positive_rates(positive[1]), exam.true_rates(selected)
    verdict = judge(case.target, before, after, rates, true_rates, config["validation"])
    falls = [before[name] - after[name] for name in (*selected, BACKGROUND) if name != case.target]
    return {**verdict, "worst_fall": max(0.0, *falls)}


def _distance(before: Weights, after: Weights) -> float:
    """|after - before| / |before|, L2 over all numbers."""
    change = sum(float(np.sum((after[name].astype(np.float64) - array) ** 2)) for name, array in before.items())
    size = sum(float(np.sum(array.astype(np.float64) ** 2)) for array in before.values())
    return float(np.sqrt(change / size)) if size else float(change > 0)
