"""What a diagnosis' answer is worth: the pattern, and the sequences of it that the region names, against the true ones.

A region is judged by the sequences that are in it: of a palindrome the letters at positions 6 and 7 say what those at 2
and 1 do.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from subject_zoo.evaluation.diagnosis import first_alike, own_sequences
from subject_zoo.judge.answers import WrongAnswer, read_diagnosis
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.cases import Case
from subject_zoo.judge.intervals import ends_of, mean_interval, values_of
from subject_zoo.records.diagnosis import Diagnosis


def score_diagnosis(case: Case, text: str, bench: Bench) -> dict[str, Any]:
    """The figures of one completion; of one that cannot be read `wrong` and `reason`, and none right."""
    enabled = bench.project.config["patterns"]["enabled"]
    try:
        answer = read_diagnosis(text, enabled, bench.project.space)
    except WrongAnswer as error:
        return {**_NOTHING, "wrong": error.kind, "reason": str(error)}
    return compare_diagnosis(case, answer, bench)


def compare_diagnosis(case: Case, answer: Diagnosis, bench: Bench) -> dict[str, Any]:
    """The figures of an answer.

    fault       whether it says rightly whether there is a fault
    pattern     whether it names the pattern, or rightly none
    positions   whether it names the region's positions, or rightly no region
    overlap     of the pattern's own sequences in its region or the true one, the share in both; 1 where rightly none
    exact       whether that is all of them
    said        the answer in words
    """
    true = case.diagnosed
    pattern = answer.pattern == true.pattern
    figures = {**_NOTHING, "fault": (answer.pattern is None) == (true.pattern is None), "pattern": pattern}
    if pattern and true.pattern is None:
        figures |= {"positions": True, "overlap": 1.0, "exact": True}
    elif pattern and true.pattern is not None and true.region is not None and answer.region is not None:
        tokens = own_sequences(bench.own.pools, true.pattern, case.selected_patterns)
        first = first_alike(tokens)
        inside, truly = answer.region.holds(tokens), true.region.holds(tokens)
        overlap = float((inside & truly).sum() / max(int((inside | truly).sum()), 1))
        figures |= {
            "positions": _told_apart(answer.region.positions, first) == _told_apart(true.region.positions, first),
            "overlap": overlap,
            "exact": bool((inside == truly).all()),
        }
    return {**figures, "said": answer.in_words, "reason": "exact" if figures["exact"] else "says other"}


def summarise_diagnoses(pairs: Sequence[tuple[Case, Mapping[str, Any]]]) -> dict[str, Any]:
    """Shares of records with intervals; of those alone whose network has a fault, `faulty` in number, the positions
    and the overlap of the region, and shares by pattern."""
    faulty = [(case, figures) for case, figures in pairs if case.diagnosed.pattern is not None]
    parts = {
        "exact_match": (pairs, "exact"),
        "fault": (pairs, "fault"),
        "pattern": (pairs, "pattern"),
        "region_positions": (faulty, "positions"),
        "region_overlap": (faulty, "overlap"),
    }
    means = {
        name: mean_interval(np.array([figures[key] for _, figures in part], np.float64))
        for name, (part, key) in parts.items()
    }
    by_pattern: dict[str, list[Mapping[str, Any]]] = {}
    for case, figures in faulty:
        by_pattern.setdefault(str(case.diagnosed.pattern), []).append(figures)
    return {
        "records": len(pairs),
        "faulty": len(faulty),
        **values_of(means),
        "intervals": ends_of(means),
        "by_pattern": {
            name: {"records": len(own)}
            | {key: float(np.mean([figures[key] for figures in own])) for key in ("exact", "pattern", "positions")}
            for name, own in sorted(by_pattern.items())
        },
    }


_NOTHING = {
    "wrong": None,
    "fault": False,
    "pattern": False,
    "positions": False,
    "overlap": 0.0,
    "exact": False,
    "said": None,
}


def _told_apart(positions: Sequence[int], first: Sequence[int | None]) -> set[int]:
    """The positions, each as the first one that is like it, without those that tell nothing."""
    return {place for position in positions if (place := first[position]) is not None}
