"""How true the records of a dataset are: the funnel of the gates, accuracies, rates and balance."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from subject_zoo.base.files import digest_of
from subject_zoo.base.terms import AUDIT, BACKGROUND, GATES, RECORD_SUMMARY, TASKS

_DECIMALS = 4
_BINS = 20


def summarise_records(
    verdicts: Mapping[int, Mapping[str, Any]], records: Sequence[Mapping[str, Any]]
) -> dict[int, dict[str, Any]]:
    """Verdicts by example id, each with what `summarise_record` says of its record, None where it has none."""
    summaries = {record["example_id"]: summarise_record(record) for record in records}
    return {i: {**verdict, RECORD_SUMMARY: summaries.get(i)} for i, verdict in verdicts.items()}


def summarise_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the figures of a dataset need of a record's long texts: a digest by which equal models are found, and how
    many characters its prompts have."""
    prompts = {task: record[f"{task}_prompt"] for task in TASKS if f"{task}_prompt" in record}
    return {
        "weights_sha256": digest_of(record["improved_model_weights"].encode()),
        "prompt_chars": {task: len(prompt) for task, prompt in prompts.items()},
    }


def summarise(verdicts: Sequence[Mapping[str, Any]], recorded: Sequence[int]) -> dict[str, Any]:
    """Figures over all candidates up to the last that is in the dataset, and over those that are in it.

    `verdicts` are entries of validation.json in id order, with their records' summaries by `summarise_records`;
    `recorded` are the ids of the dataset's examples. JSON-ready:
    `funnel` (candidates, failures by gate, how many pass each gate and those before it, accepted), `by_pattern`
    (as a target: candidates, accepted; as selected, of accepted examples: accuracies before and after as target
    and otherwise), `accepted` (medians and extremes over accepted examples), `histograms` of their positive rates,
    `duplicates` (records that hold the improved model of an earlier one), `prompt_chars` by task, `combinations` of
    patterns, and `sequences` (in the accepted examples' datasets, as `audit_sequences` counts them).
    """
    members = set(recorded)
    considered = [v for v in verdicts if recorded and v["example_id"] <= recorded[-1]]
    accepted = [v for v in considered if v["example_id"] in members]
    return {
        "funnel": _funnel(considered, accepted),
        "accepted": _accepted(accepted),
        "by_pattern": _by_pattern(considered, accepted),
        "histograms": _histograms(accepted),
        "combinations": len({tuple(v["selected_patterns"]) for v in accepted}),
        "duplicates": len(accepted) - len({v[RECORD_SUMMARY]["weights_sha256"] for v in accepted}),
        "prompt_chars": _prompt_chars([v[RECORD_SUMMARY]["prompt_chars"] for v in accepted]),
        "sequences": _sequences(accepted),
    }


def _funnel(considered: Sequence[Mapping[str, Any]], accepted: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    fails = Counter(reason for v in considered for reason in v["reasons"])
    passing = {}
    for position in range(len(GATES)):
        gates = set(GATES[: position + 1])
        passing[GATES[position]] = sum(gates.isdisjoint(v["reasons"]) for v in considered)
    return {
        "candidates": len(considered),
        "accepted": len(accepted),
        "acceptance": _share(len(accepted), len(considered)),
        "fail_gate": {gate: fails[gate] for gate in GATES},
        "pass_gate_and_those_before": passing,
    }


def _accepted(accepted: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    after = [a for v in accepted for a in v["improved"]["accuracy"].values()]
    targets = [(v["degraded"]["accuracy"][v["target_pattern"]], v["improvement"]) for v in accepted]
    others = [
        abs(after - v["degraded"]["accuracy"][name])
        for v in accepted
        for name, after in v["improved"]["accuracy"].items()
        if name != v["target_pattern"]
    ]
    listed, unlisted = _rates(accepted)
    return {
        "accuracy_after": _spread(after),
        "background_after": _spread([v["improved"]["accuracy"][BACKGROUND] for v in accepted]),
        "target_accuracy_before": _spread([before for before, _ in targets]),
        "target_improvement": _spread([gain for _, gain in targets]),
        "change_of_others": _spread(others),
        "positive_rate_of_listed_patterns": _spread(listed),
        "positive_rate_of_other_patterns": _spread(unlisted),
    }


def _rates(accepted: Sequence[Mapping[str, Any]]) -> tuple[list[float], list[float]]:
    """Positive rates of the patterns that classification completions list, and of the others."""
    rates: tuple[list[float], list[float]] = ([], [])
    for v in accepted:
        for name, rate in v["positive_rate"].items():
            rates[name not in v["classified_patterns"]].append(rate)
    return rates


def _histograms(accepted: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many positive rates fall into each of equal bins from 0 to 1, of listed and of other patterns."""
    edges = np.linspace(0, 1, _BINS + 1)
    listed, others = (np.histogram(rates, edges)[0].tolist() for rates in _rates(accepted))
    return {"bins": _BINS, "positive_rate_of_listed_patterns": listed, "positive_rate_of_other_patterns": others}


def _prompt_chars(lengths: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    return {task: _spread([each[task] for each in lengths]) for task in lengths[0]} if lengths else {}


def _sequences(accepted: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Totals over the examples' datasets, but for `shared_with_test`, which is the most of any."""
    counts = [v[AUDIT] for v in accepted]
    totals = {key: sum(count[key] for count in counts) for key in ("rows", "copies", "on_both_sides")}
    return {
        **totals,
        "shared_with_test_at_most": max((count["shared_with_test"] for count in counts), default=0),
        "shared_of_held_out": sum(count["shared_of_held_out"] for count in counts),
    }


def _by_pattern(considered: Sequence[Mapping[str, Any]], accepted: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    rows: dict[str, dict[str, Any]] = {}
    as_target = Counter(v["target_pattern"] for v in considered)
    kept = Counter(v["target_pattern"] for v in accepted)
    after, before, gains = (defaultdict[str, list[float]](list) for _ in range(3))
    held_out: dict[str, bool] = {}
    for v in accepted:
        target = v["target_pattern"]
        before[target].append(v["degraded"]["accuracy"][target])
        gains[target].append(v["improvement"])
        held_out |= v["held_out"]
        for name in v["selected_patterns"]:
            after[name].append(v["improved"]["accuracy"][name])
    for name in accepted[0]["positive_rate"] if accepted else ():
        rows[name] = {
            "target_of_candidates": as_target[name],
            "target_of_accepted": kept[name],
            "acceptance_as_target": _share(kept[name], as_target[name]),
            "selected_in_accepted": len(after[name]),
            "held_out": held_out.get(name),
            "accuracy_after": _median(after[name]),
            "target_accuracy_before": _median(before[name]),
            "target_improvement": _median(gains[name]),
        }
    return rows


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, _DECIMALS) if whole else None


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), _DECIMALS) if values else None


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    quantiles = np.quantile(values, [0, 0.1, 0.5, 0.9, 1])
    names = ("min", "p10", "median", "p90", "max")
    return {name: round(float(q), _DECIMALS) for name, q in zip(names, quantiles, strict=True)}
