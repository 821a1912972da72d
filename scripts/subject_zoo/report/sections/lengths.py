"""How long prompts and completions are."""

from collections.abc import Sequence

import numpy as np

from subject_zoo.base.terms import TASKS
from subject_zoo.report.charts.columns import Columns, columns
from subject_zoo.report.facts import Facts
from subject_zoo.report.parts import Figure, Section, table
from subject_zoo.report.spread import spread

_CLASSES = {"modification": "after", "classification": "before", "diagnosis": "other"}
_BINS = 24


def sample_lengths(facts: Facts, unit: str) -> dict[str, np.ndarray]:
    """By task, how long prompt and completion are together, int [records], in "chars" or "tokens"; empty where that
    was not counted."""
    found = {}
    for task in TASKS:
        keys = [f"{task}_{text}_{unit}" for text in ("prompt", "completion")]
        rows = [[r.metadata["lengths"][key] for key in keys] for r in facts.records if keys[0] in r.metadata["lengths"]]
        if rows:
            found[task] = np.array(rows, np.int64).sum(1)
    return found


def lengths(facts: Facts) -> Section | None:
    """Of the records that are looked at."""
    characters, tokens = sample_lengths(facts, "chars"), sample_lengths(facts, "tokens")
    if not characters:
        return None
    figures = [_figure(facts, characters, "characters", "chars")]
    if tokens:
        figures.append(_figure(facts, tokens, "tokens", "tokens"))
        counted = f"Tokens are those of {facts.config['format']['tokenizer']}."
    else:
        counted = "Tokens were not counted: name a tokenizer in format.tokenizer, and they are."
    return Section(
        "lengths",
        "How long they are",
        "What a context has to hold: a prompt and its completion. Numbers are equally wide, so lengths follow from the "
        f"architecture alone where weight_decimals is set. {counted}",
        figures,
    )


def _figure(facts: Facts, totals: dict[str, np.ndarray], unit: str, key: str) -> Figure:
    low, high = min(own.min() for own in totals.values()), max(own.max() for own in totals.values())
    edges = np.linspace(float(low), float(max(high, low + 1)), _BINS + 1)
    groups = [
        Columns(edges.tolist(), np.histogram(own, edges)[0].tolist(), _CLASSES[task], task)
        for task, own in totals.items()
    ]
    lines: list[Sequence[str | int]] = []
    for task in totals:
        for text in ("prompt", "completion"):
            own = [record.metadata["lengths"][f"{task}_{text}_{key}"] for record in facts.records]
            lines.append([f"{task} {text}", min(own), round(spread(own).middle), max(own)])
    middles = " and ".join(f"{spread(own).middle:,.0f} ({task})" for task, own in totals.items())
    return Figure(
        f"{middles} {unit} at the median, {int(high):,} at most",
        columns(groups, f"Columns: how many {unit} prompt and completion have", unit, "records"),
        f"Prompt and completion together, in {unit}, of {facts.these_records}.",
        table([unit, "least", "median", "most"], lines),
    )
