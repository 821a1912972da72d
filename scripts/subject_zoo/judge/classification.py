"""What a classification's answer is worth: the patterns that it names against the true ones."""

from collections.abc import Collection, Sequence
from typing import Any

from subject_zoo.judge.answers import WrongAnswer, read_patterns


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
