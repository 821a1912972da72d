"""What a repair changes: which layers, how many numbers, how far."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from subject_zoo.report.charts.columns import Columns, columns
from subject_zoo.report.charts.ranges import Dot, ranges
from subject_zoo.report.charts.scale import percent, plain
from subject_zoo.report.facts import Facts, Record
from subject_zoo.report.parts import Figure, Section, table
from subject_zoo.report.spread import Spread, spread

_BINS = 30


@dataclass(frozen=True)
class Change:
    """From one array to another: how many of its numbers differ, of how many, and |after - before| / |before|."""

    changed: int
    size: int
    distance: float

    @property
    def share(self) -> float:
        """The share of the numbers that differ."""
        return self.changed / self.size


def change(before: np.ndarray, after: np.ndarray) -> Change:
    """The change from one array to another of its shape."""
    length = float(np.linalg.norm(before)) or 1e-30
    return Change(int((before != after).sum()), before.size, float(np.linalg.norm(after - before)) / length)


def layer_names(record: Record) -> list[tuple[str, str]]:
    """(tensor, layer in words) of a record's network, in order: "hidden 1", "output biases" and so on."""
    architecture = record.models["improved"].architecture
    found = []
    for place, name in enumerate(architecture.linear_names):
        layer = "output" if place == architecture.num_layers else f"hidden {place + 1}"
        found += [(f"{name}.weight", f"{layer} weights"), (f"{name}.bias", f"{layer} biases")]
    return found


def changes_by_layer(facts: Facts) -> dict[str, list[Change]]:
    """By layer in words, hidden ones in order and the output last, the changes of the records that have it."""
    found: dict[str, list[Change]] = {}
    for record in facts.records:
        before, after = (record.models[stage].weights for stage in ("degraded", "improved"))
        for tensor, name in layer_names(record):
            found.setdefault(name, []).append(change(before[tensor], after[tensor]))
    output = [name for name in found if name.startswith("output")]
    hidden = sorted((n for n in found if n not in output), key=lambda n: (int(n.split()[1]), n.split()[2] == "biases"))
    return {name: found[name] for name in (*hidden, *output)}


def whole_changes(facts: Facts) -> list[Change]:
    """The change of each record's network as a whole."""
    return [change(*record.numbers) for record in facts.records]


def repairs(facts: Facts) -> Section | None:
    """Of the records that are looked at."""
    if not facts.records or not facts.mends:
        return None
    by_layer = changes_by_layer(facts)
    shares = {name: spread([one.share for one in own]) for name, own in by_layer.items()}
    distances = {name: spread([one.distance for one in own]) for name, own in by_layer.items()}
    whole = whole_changes(facts)
    pairs = [record.numbers for record in facts.records]
    moved = np.concatenate([np.abs(after - before)[before != after] for before, after in pairs])
    of_all, far = spread([one.share for one in whole]), spread([one.distance for one in whole])
    weights = [name for name in shares if name.endswith("weights")]
    most = max(weights, key=lambda name: distances[name].middle)
    longest = max(value.high for value in distances.values())
    figures = [
        Figure(
            f"{percent(of_all.middle)} of a network's numbers change at the median",
            ranges(
                list(_rows(shares)),
                "Dots: the share of numbers that a repair changes, by layer",
                "share of the layer's numbers that change",
                bounds=(0.0, max(0.1, min(1.0, 1.05 * max(value.high for value in shares.values())))),
                show=percent,
            ),
            "Median over records, with lines from 10 to 90 %.",
            _table(shares),
        ),
        Figure(
            f"The {most} move farthest, by {percent(distances[most].middle)} of their length",
            ranges(
                list(_rows(distances)),
                "Dots: how far a repair moves each layer, relative to its length",
                "|after − before| / |before|",
                bounds=(0.0, longest or 1.0),
                show=percent,
            ),
            "The Euclidean length of a layer's change, relative to that of the layer as it was.",
            _table(distances),
        ),
        *_moves(moved, len(facts.records)),
    ]
    return Section(
        "repairs",
        "What a repair changes",
        f"Of {facts.these_records}: in the median {spread([one.changed for one in whole]).middle:,.0f} of "
        f"{spread([one.size for one in whole]).middle:,.0f} numbers change, and the network moves by "
        f"{percent(far.middle)} of its length (10 to 90 %: {percent(far.low)} to {percent(far.high)}).",
        figures,
    )


def _moves(moved: np.ndarray, records: int) -> list[Figure]:
    """How far single numbers move, if any does."""
    if not len(moved):
        return []
    end = float(np.quantile(moved, 0.99)) or 1.0
    edges = np.linspace(0, end, _BINS + 1)
    counts = np.histogram(moved[moved <= end], edges)[0]
    middle = spread(moved)
    group = Columns(edges.tolist(), counts.tolist(), "after", "changes")
    return [
        Figure(
            f"A number that changes moves by {plain(middle.middle)} at the median",
            columns([group], "Columns: how far numbers move that change", "|after − before| of a number", "numbers"),
            f"Of the {len(moved):,} numbers that change in {records:,} records, the 99 % that move least.",
        )
    ]


def _rows(values: dict[str, Spread]) -> Iterator[tuple[str, Sequence[Dot]]]:
    for name, v in values.items():
        told = f"{name}: {percent(v.middle)} (10 to 90 %: {percent(v.low)} to {percent(v.high)}) in {v.size} records"
        yield name, [Dot(v.middle, v.low, v.high, told)]


def _table(values: dict[str, Spread]) -> str:
    rows: list[Sequence[str | float]] = [
        [name, v.size, *(round(value, 4) for value in v[:3])] for name, v in values.items()
    ]
    return table(["layer", "records", "10 %", "median", "90 %"], rows)
