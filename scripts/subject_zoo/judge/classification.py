"""What a classification's answer is worth, the patterns that it names against the true ones; and many of them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from subject_zoo.judge.answers import WrongAnswer, read_patterns
from subject_zoo.judge.cases import Case
from subject_zoo.judge.intervals import ends_of, f1_intervals, mean_interval, share_interval, values_of


def score_classification(listed: Collection[str], text: str, enabled: Sequence[str]) -> dict[str, Any]:
    """The figures of one completion: `listed` are the record's true patterns, `enabled` those that could be named.

    exact               whether it names exactly the true ones
    precision, recall, f1   over its names; 0 where it has none
    named               what it names, in the config's order; false_claims, those of them that are not true
    wrong, reason       the fault of one that cannot be read, which then names nothing; and why
    """
    try:
        named, wrong, reason = read_patterns(text, enabled), None, ""
    except WrongAnswer as error:
        named, wrong, reason = set(), error.kind, str(error)
    right = len(named & set(listed))
    precision, recall = (right / len(of) if of else 0.0 for of in (named, listed))
    return {
        "wrong": wrong,
        "reason": reason or ("exact" if named == set(listed) else "names others"),
        "exact": named == set(listed),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if right else 0.0,
        "named": [name for name in enabled if name in named],
        "false_claims": [name for name in enabled if name in named and name not in listed],
    }


def summarise_classifications(
    pairs: Sequence[tuple[Case, Mapping[str, Any]]], enabled: Sequence[str]
) -> dict[str, Any]:
    """Of records, each with the figures of its answer: exact match, and precision, recall and F1 over all names (micro)
    and over patterns (macro)."""
    true = np.array([[name in case.listed_patterns for name in enabled] for case, _ in pairs])
    named = np.array([[name in figures["named"] for name in enabled] for _, figures in pairs])
    means = {"exact_match": mean_interval(np.array([figures["exact"] for _, figures in pairs], np.float64))}
    means |= f1_intervals(true, named)
    for key, of in (("precision", named), ("recall", true)):
        means[f"micro_{key}"] = share_interval(int((true & named).sum()), int(of.sum()))
    by_pattern = {}
    for place, name in enumerate(enabled):
        hits, claims, truths = (int(of[:, place].sum()) for of in (true & named, named, true))
        by_pattern[name] = {
            "true": truths,
            "named": claims,
            "precision": hits / claims if claims else None,
            "recall": hits / truths if truths else None,
            "f1": 2 * hits / (claims + truths) if claims + truths else None,
        }
    return {
        "records": len(pairs),
        **values_of(means),
        "false_claims": int((named & ~true).sum()),
        "intervals": ends_of(means),
        "by_pattern": by_pattern,
    }
