"""How true the records of a dataset are: the funnel of the gates, accuracies, rates and balance."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from subject_zoo.base.terms import AUDIT, BACKGROUND, EXACT, RECORD_SUMMARY, SHARE_DECIMALS, STAGES
from subject_zoo.dataset.record_summary import UNITS
from subject_zoo.evaluation.gates import claimed_patterns, gates_of

_DECIMALS = 4
_BINS = 20


def summarise(
    verdicts: Sequence[Mapping[str, Any]], recorded: Sequence[int], config: Mapping[str, Any]
) -> dict[str, Any]:
    """Figures over all candidates up to the last that is in the dataset, and over those that are in it.

    `verdicts` are entries of validation.json in id order, with their records' summaries by `summarise_records`;
    `recorded` are the ids of the dataset's examples; `config` has at least `task_generation`, `patterns.enabled` and
    `validation.min_accuracy`. JSON-ready: `funnel` (candidates, failures by gate, how many pass each gate and those
    before it, accepted), `by_pattern` (as a target, or as selected where there are no targets: candidates, accepted; as
    selected, of accepted examples: accuracies before and after as target and otherwise), `accepted` (medians and
    extremes over accepted examples), `implied` (how many patterns they select and list, and the share that lists more
    than it selects), `beside_the_target` (the share whose degraded model is below `min_accuracy` on another selected
    pattern or the background), `histograms` of their positive rates, `duplicates` (records that hold the improved model
    of an earlier one), `prompt_chars` by task, `chars` and `tokens` of prompt and completion together by task (`tokens`
    where they were counted), `combinations` of patterns, `sequences` (in the accepted examples' datasets, as
    `audit_sequences` counts them), `exact` (None where the whole space was not measured), where diagnoses are asked for
    `diagnosed` (how many show the model of each stage), and where examples have them `twins` (whole pairs in the
    dataset, how many of these each pattern tells apart, and records without their twin). `beside_the_target` is None,
    and figures of targets are left out, where no modification is asked for; `implied` and `histograms` are, and
    positive rates, where no classification is.
    """
    asked, min_accuracy = config["task_generation"], config["validation"]["min_accuracy"]
    mends, names = asked["include_modification"], asked["include_classification"]
    members = set(recorded)
    considered = [v for v in verdicts if recorded and v["example_id"] <= recorded[-1]]
    accepted = [v for v in considered if v["example_id"] in members]
    accuracies = _accuracies(accepted)
    rates = _rates(accepted) if names else None
    return {
        "funnel": _funnel(considered, len(accepted), gates_of(asked)),
        "accepted": _accepted(accuracies, mends) | ({} if rates is None else _positive_rates(rates)),
        "implied": _implied(accepted) if names else None,
        "beside_the_target": _beside_the_target(accepted, min_accuracy) if mends else None,
        "by_pattern": _by_pattern(config["patterns"]["enabled"], considered, accepted, accuracies, mends),
        "histograms": None if rates is None else _histograms(rates),
        "combinations": len({tuple(v["selected_patterns"]) for v in accepted}),
        "duplicates": len(accepted) - len({v[RECORD_SUMMARY]["weights_sha256"] for v in accepted}),
        **{length: _lengths(accepted, length) for length in ("prompt_chars", *UNITS)},
        "sequences": _sequences(accepted),
        "exact": _exact(accepted, names),
        **({"diagnosed": _diagnosed(accepted)} if asked["include_diagnosis"] else {}),
        **({"twins": _twins(accepted, config["patterns"]["enabled"])} if any("twin" in v for v in accepted) else {}),
    }


def _accuracies(accepted: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A row for each accepted example and each of its selected patterns and the background; without a degraded model
    `before` is missing."""
    columns = ["name", "is_target", "before", "after"]
    rows = [
        (name, name == v.get("target_pattern"), v["degraded"]["accuracy"][name] if "degraded" in v else None, after)
        for v in accepted
        for name, after in v["improved"]["accuracy"].items()
    ]
    return pd.DataFrame(rows, columns=columns).astype({"is_target": bool})


def _rates(accepted: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The positive rate of each enabled pattern in each accepted example, and whether its completion lists it."""
    rows = [(name in v["classified_patterns"], rate) for v in accepted for name, rate in v["positive_rate"].items()]
    return pd.DataFrame(rows, columns=["is_listed", "rate"]).astype({"is_listed": bool})


def _funnel(considered: Sequence[Mapping[str, Any]], accepted: int, gates: Sequence[str]) -> dict[str, Any]:
    fails = pd.DataFrame(
        [[gate in v["reasons"] for gate in gates] for v in considered], columns=list(gates), dtype=bool
    )
    passing = (~fails).cumprod(axis=1).sum()
    return {
        "candidates": len(considered),
        "accepted": accepted,
        "acceptance": _share(accepted, len(considered)),
        "fail_gate": {gate: int(fails[gate].sum()) for gate in gates},
        "pass_gate_and_those_before": {gate: int(passing[gate]) for gate in gates},
    }


def _accepted(accuracies: pd.DataFrame, mends: bool) -> dict[str, Any]:
    figures = {
        "accuracy_after": _spread(accuracies.after),
        "background_after": _spread(accuracies.after[accuracies.name == BACKGROUND]),
    }
    if mends:
        targets, others = accuracies[accuracies.is_target], accuracies[~accuracies.is_target]
        figures |= {
            "target_accuracy_before": _spread(targets.before),
            "target_improvement": _spread((targets.after - targets.before).round(SHARE_DECIMALS)),
            "change_of_others": _spread((others.after - others.before).abs()),
        }
    return figures


def _positive_rates(rates: pd.DataFrame) -> dict[str, Any]:
    return {
        "positive_rate_of_listed_patterns": _spread(rates.rate[rates.is_listed]),
        "positive_rate_of_other_patterns": _spread(rates.rate[~rates.is_listed]),
    }


def _implied(accepted: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Means over accepted examples: a pattern that is not selected is listed where those that are imply it."""
    selected, listed = (sum(len(v[key]) for v in accepted) for key in ("selected_patterns", "classified_patterns"))
    more = sum(len(v["classified_patterns"]) > len(v["selected_patterns"]) for v in accepted)
    return {
        "mean_selected": _share(selected, len(accepted)),
        "mean_listed": _share(listed, len(accepted)),
        "list_more": _share(more, len(accepted)),
    }


def _beside_the_target(accepted: Sequence[Mapping[str, Any]], min_accuracy: float) -> dict[str, float | None]:
    below = sum(_falls_short(v, min_accuracy) for v in accepted)
    return {"min_accuracy": min_accuracy, "degraded_below": _share(below, len(accepted))}


def _falls_short(verdict: Mapping[str, Any], min_accuracy: float) -> bool:
    """Whether the degraded model is below the accuracy on anything but the target."""
    accuracies = verdict["degraded"]["accuracy"]
    return any(value < min_accuracy for name, value in accuracies.items() if name != verdict["target_pattern"])


def _histograms(rates: pd.DataFrame) -> dict[str, Any]:
    """How many positive rates fall into each of equal bins from 0 to 1, of listed and of other patterns."""
    edges = np.linspace(0, 1, _BINS + 1)
    listed, others = (
        np.histogram(rates.rate[chosen].astype(float), edges)[0].tolist()
        for chosen in (rates.is_listed, ~rates.is_listed)
    )
    return {"bins": _BINS, "positive_rate_of_listed_patterns": listed, "positive_rate_of_other_patterns": others}


def _lengths(accepted: Sequence[Mapping[str, Any]], length: str) -> dict[str, dict[str, float] | None]:
    """By task the spread of a length of a record's texts, as its summary has it."""
    lengths = pd.DataFrame([v[RECORD_SUMMARY][length] for v in accepted])
    return {task: _spread(lengths[task]) for task in lengths}


def _sequences(accepted: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Totals over the examples' datasets, but for `shared_with_test`, which is the most of any."""
    columns = ["rows", "copies", "on_both_sides", "shared_with_test", "shared_of_held_out"]
    counts = pd.DataFrame([v[AUDIT] for v in accepted], columns=columns)
    return {
        **{key: int(counts[key].sum()) for key in ("rows", "copies", "on_both_sides")},
        "shared_with_test_at_most": int(counts.shared_with_test.max()) if len(counts) else 0,
        "shared_of_held_out": int(counts.shared_of_held_out.sum()),
    }


def _exact(accepted: Sequence[Mapping[str, Any]], names: bool) -> dict[str, Any] | None:
    """How precise the improved models are on all sequences, and, where completions name patterns, of how many records
    the completion is true of them all."""
    measured = [v for v in accepted if EXACT in v]
    if not measured:
        return None
    columns = ["precision", "balanced_precision", "recall"]
    figures = pd.DataFrame([[v[EXACT]["improved"][key] for key in columns] for v in measured], columns=columns)
    return {
        "sequences": measured[0][EXACT]["sequences"],
        "records": len(measured),
        **({"records_of_true_lists": sum(map(_is_true_of_all, measured))} if names else {}),
        **{key: _spread(figures[key].dropna().astype(float)) for key in columns},
    }


def _twins(accepted: Sequence[Mapping[str, Any]], enabled: Sequence[str]) -> dict[str, Any]:
    members = {v["example_id"] for v in accepted}
    whole = [v for v in accepted if v["twin"]["example_id"] in members]
    apart = Counter(v["twin"]["only_here"] for v in whole)
    return {
        "pairs": len(whole) // 2,
        "pairs_by_pattern": {name: apart[name] for name in enabled},
        "records_without_twin": len(accepted) - len(whole),
    }


def _is_true_of_all(verdict: Mapping[str, Any]) -> bool:
    """Whether the patterns that the completion lists are those that all sequences show."""
    rates = {name: parts["all"] for name, parts in verdict[EXACT]["improved"]["positive_rate"].items()}
    return claimed_patterns(rates) == verdict["classified_patterns"]


def _diagnosed(accepted: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    shown = Counter(v["diagnosis"]["shown"] for v in accepted)
    return {stage: shown[stage] for stage in STAGES}


def _by_pattern(
    enabled: Sequence[str],
    considered: Sequence[Mapping[str, Any]],
    accepted: Sequence[Mapping[str, Any]],
    accuracies: pd.DataFrame,
    mends: bool,
) -> dict[str, Any]:
    drawn, kept = (
        Counter(name for v in of for name in ([v["target_pattern"]] if mends else v["selected_patterns"]))
        for of in (considered, accepted)
    )
    held_out = {name: held for v in accepted for name, held in v["held_out"].items()}
    rows: dict[str, dict[str, Any]] = {}
    for name in enabled if accepted else ():
        own = accuracies[accuracies.name == name]
        acceptance = _share(kept[name], drawn[name])
        measured = {
            "selected_in_accepted": len(own),
            "held_out": held_out.get(name),
            "accuracy_after": _median(own.after),
        }
        if not mends:
            rows[name] = {"selected_in_candidates": drawn[name], "acceptance_as_selected": acceptance, **measured}
            continue
        targets = own[own.is_target]
        rows[name] = {
            "target_of_candidates": drawn[name],
            "target_of_accepted": kept[name],
            "acceptance_as_target": acceptance,
            **measured,
            "target_accuracy_before": _median(targets.before),
            "target_improvement": _median((targets.after - targets.before).round(SHARE_DECIMALS)),
        }
    return rows


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, _DECIMALS) if whole else None


def _median(values: "pd.Series[float]") -> float | None:
    return round(float(values.median()), _DECIMALS) if len(values) else None


def _spread(values: "pd.Series[float]") -> dict[str, float] | None:
    if not len(values):
        return None
    names = {"min": 0.0, "p10": 0.1, "median": 0.5, "p90": 0.9, "max": 1.0}
    return {name: round(float(values.quantile(share)), _DECIMALS) for name, share in names.items()}
