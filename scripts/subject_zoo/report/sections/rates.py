"""What networks trained on one pattern call positive of all others."""

import numpy as np

from subject_zoo.base.terms import CLAIMED_RATE
from subject_zoo.report.charts.cells import cells
from subject_zoo.report.charts.scale import percent
from subject_zoo.report.facts import Facts
from subject_zoo.report.parts import Figure, Section, table


def rates_by_pattern(facts: Facts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`called` and `labelled` float64 [P, P] and `records` int [P, P].

    Of records that select row i and, off the diagonal, do not select column j: the mean share of pattern j's test
    sequences that the published network calls positive, the share that its labels do, and how many records those are.
    """
    enabled = list(facts.enabled)
    called, labelled = (
        np.array([[r.metadata[key][name] for name in enabled] for r in facts.records], np.float64)
        for key in ("positive_rate", "true_rate")
    )
    selects = np.array([[name in r.selected for name in enabled] for r in facts.records], np.float64)
    beside = np.stack([(1 - selects) * selects[:, [i]] for i in range(len(enabled))])  # [i, record, j]
    for i in range(len(enabled)):
        beside[i, :, i] = selects[:, i]
    counts = beside.sum(1)
    with np.errstate(invalid="ignore"):
        means = [(beside * rate).sum(1) / counts for rate in (called, labelled)]
    return means[0], means[1], counts.astype(int)


def rates(facts: Facts) -> Section | None:
    """Of records whose completions list patterns."""
    if not facts.records or "positive_rate" not in facts.records[0].metadata:
        return None
    names = list(facts.enabled)
    called, labelled, counts = rates_by_pattern(facts)
    seen = counts > 0
    off = seen & ~np.eye(len(names), dtype=bool)
    told = [
        [
            _told((row, column), (called[i, j], labelled[i, j]), int(counts[i, j])) if seen[i, j] else ""
            for j, column in enumerate(names)
        ]
        for i, row in enumerate(names)
    ]
    shares = [[float(called[i, j]) if seen[i, j] else None for j in range(len(names))] for i in range(len(names))]
    gap = 100 * float(np.abs(called - labelled)[off].mean()) if off.any() else 0.0
    lines = [
        [row, *(None if share is None else round(100 * share) for share in shares[i])] for i, row in enumerate(names)
    ]
    figure = Figure(
        f"Networks call positive what their labels do, to within {gap:.1f} points on average",
        cells(
            shares,
            told,
            names,
            "Heat map: the percent called positive, by pattern trained on and pattern tested",
            ("trained on", "percent called positive, of the sequences of"),
        ),
        "A row for each pattern that a network was trained on, a column for each whose sequences it is shown; its own "
        f"are framed. Means over {facts.these_records}; off the diagonal over those that do not select the column.",
        table(["trained on", *names], lines),
        is_wide=True,
    )
    return Section(
        "rates",
        "What networks trained on a pattern call positive",
        "A completion of the classification task lists the patterns of which a network calls at least "
        f"{percent(CLAIMED_RATE)} positive. Patterns overlap: of one, some sequences satisfy others too, or all do.",
        [figure],
    )


def _told(names: tuple[str, str], rates_of: tuple[float, float], records: int) -> str:
    trained, tested = names
    others = "" if trained == tested else f", not on {tested}"
    return (
        f"trained on {trained}{others}: {percent(rates_of[0])} of the sequences of {tested} called positive, "
        f"{percent(rates_of[1])} by the labels ({records} records)"
    )
