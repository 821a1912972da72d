"""How well networks recognise each pattern, before and after."""

from collections.abc import Sequence

from subject_zoo.base.terms import BACKGROUND
from subject_zoo.report.charts.ranges import Dot, ranges
from subject_zoo.report.charts.scale import percent
from subject_zoo.report.facts import Facts
from subject_zoo.report.parts import Figure, Section, table
from subject_zoo.report.spread import Spread, spread

Accuracies = dict[str, dict[str, Spread | None]]


def accuracies(facts: Facts) -> Accuracies:
    """By pattern and "background", spreads over records: `target_before` and `target_after` of records whose target it
    is, `before` and `after` of those that select it beside a target; None of no record."""
    found: Accuracies = {}
    for name in (*facts.enabled, BACKGROUND):
        values: dict[str, list[float]] = {"target_before": [], "target_after": [], "before": [], "after": []}
        for record in facts.records:
            metadata = record.metadata
            if name not in metadata["improved"]["accuracy"]:
                continue
            prefix = "target_" if metadata.get("target_pattern") == name else ""
            values[f"{prefix}after"].append(metadata["improved"]["accuracy"][name])
            if "degraded" in metadata:
                values[f"{prefix}before"].append(metadata["degraded"]["accuracy"][name])
        found[name] = {key: spread(own) if own else None for key, own in values.items()}
    return found


def accuracy(facts: Facts) -> Section | None:
    """Of the records that are looked at."""
    if not facts.records:
        return None
    measured = accuracies(facts)
    figures = [_targets(facts, measured)] if facts.mends else []
    figures.append(_others(facts, measured))
    return Section(
        "accuracy",
        "What the networks recognise",
        "Accuracy of a pattern is the share of its test sequences that a network calls positive; that of the "
        "background is the share of sequences of no selected pattern that it calls negative. Test sequences are never "
        f"trained on, but for those of patterns that have too few to hold any out{_not_held_out(facts)}. "
        f"Medians over {facts.these_records}, with lines from 10 to 90 %.",
        figures,
    )


def _not_held_out(facts: Facts) -> str:
    """The patterns of which that is so, in brackets; nothing where there are none."""
    held = {name: is_held for record in facts.records for name, is_held in record.metadata["held_out"].items()}
    names = [name for name in facts.enabled if not held.get(name, True)]
    return f" ({', '.join(names)})" if names else ""


def _targets(facts: Facts, measured: Accuracies) -> Figure:
    """Before and after, as targets."""
    rows: list[tuple[str, Sequence[Dot]]] = []
    lines: list[list[str | int | float | None]] = []
    for name, row in measured.items():
        before, after = row["target_before"], row["target_after"]
        if before is None or after is None:
            continue
        rows.append((name, [_dot("degraded", before, name, "before", True), _dot("mended", after, name, "after")]))
        lines.append([name, before.size, *(round(value, 4) for value in (*before[:3], *after[:3]))])
    own = [
        (r.metadata[stage]["accuracy"][r.metadata["target_pattern"]])
        for stage in ("degraded", "improved")
        for r in facts.records
    ]
    half = len(own) // 2
    medians = [percent(spread(part).middle) for part in (own[:half], own[half:])]
    head = [
        "target pattern",
        "records",
        *(f"{s} {q}" for s in ("degraded", "mended") for q in ("10 %", "median", "90 %")),
    ]
    return Figure(
        f"Targets go from {medians[0]} to {medians[1]} at the median",
        ranges(
            rows,
            "Dots: accuracy of each target pattern, degraded and mended",
            "share of its sequences called positive",
            show=percent,
        ),
        "■ degraded, ● mended, where the pattern is the one that was corrupted.",
        table(head, lines),
    )


def _others(facts: Facts, measured: Accuracies) -> Figure:
    """What must not suffer; or, without targets, all there is."""
    rows: list[tuple[str, Sequence[Dot]]] = []
    lines: list[list[str | int | float | None]] = []
    lowest = 1.0
    for name, row in measured.items():
        before, after = row["before"], row["after"]
        if after is None:
            continue
        dots = [_dot("degraded", before, name, "before", True)] if before else []
        rows.append((name, [*dots, _dot("mended" if facts.mends else "trained", after, name, "after")]))
        lowest = min(lowest, after.low, before.low if before else 1.0)
        lines.append([name, after.size, *(round(v, 4) for v in (*(before[:3] if before else ()), *after[:3]))])
    changes = [
        abs(after - record.metadata["degraded"]["accuracy"][name])
        for record in facts.records
        if "degraded" in record.metadata
        for name, after in record.metadata["improved"]["accuracy"].items()
        if name != record.metadata["target_pattern"]
    ]
    stages = ("degraded", "mended") if facts.mends else ("trained",)
    head = ["pattern", "records", *(f"{s} {q}" for s in stages for q in ("10 %", "median", "90 %"))]
    floor = max(0.0, 0.05 * int(20 * (lowest - 0.02)))
    if facts.mends:
        points = 100 * spread(changes).middle, 100 * max(changes)
        finding = f"All else moves by {points[0]:.1f} points at the median, {points[1]:.1f} at most"
        caption = "■ degraded, ● mended, of patterns that are selected but not the target, and of the background."
    else:
        worst = min((r.metadata["improved"]["accuracy"].values() for r in facts.records), key=min)
        finding = f"Networks recognise what they were trained on, {percent(min(worst))} of it at the least"
        caption = "Of selected patterns, and of the background."
    return Figure(
        finding,
        ranges(
            rows,
            "Dots: accuracy of patterns that are no target, and of the background",
            "accuracy" + (f" (the axis begins at {percent(floor)})" if floor else ""),
            bounds=(floor, 1.0),
            show=percent,
        ),
        caption,
        table(head, lines),
    )


def _dot(what: str, values: Spread, name: str, class_: str, is_square: bool = False) -> Dot:
    told = (
        f"{name}, {what}: {percent(values.middle)} (10 to 90 %: {percent(values.low)} to {percent(values.high)}) in "
        f"{values.size} records"
    )
    return Dot(values.middle, values.low, values.high, told, class_, is_square)
