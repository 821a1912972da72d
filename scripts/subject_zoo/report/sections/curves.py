"""How training went: learning curves of both stages."""

import math
from collections.abc import Callable, Mapping, Sequence

from subject_zoo.report.charts.bands import Band, bands
from subject_zoo.report.charts.scale import percent, plain, round_ticks
from subject_zoo.report.facts import Facts
from subject_zoo.report.parts import Figure, Section, table
from subject_zoo.report.spread import Spread, spread

_STAGES = {"degraded": "before", "improved": "after"}
_MOST_EPOCHS = 50  # of a stage
_WORDS = {"degraded": "stage 1", "improved": "stage 2"}
_LABELS = {"degraded": "corrupted labels", "improved": "clean labels"}


def curve_spreads(facts: Facts, curve: str) -> dict[str, list[tuple[int, Spread]]]:
    """By stage, (epoch, spread of a curve's values there, over the networks that ran it); of long ones some epochs
    alone, evenly, the last among them."""
    found = {}
    for stage in _STAGES:
        of_records: list[Sequence[float]] = [r.curves[stage][curve] for r in facts.records if stage in r.curves]
        longest = max(map(len, of_records), default=0)
        step = -(-longest // _MOST_EPOCHS)
        epochs = range(longest, 0, -step)[::-1] if longest else ()
        found[stage] = [(e, spread([own[e - 1] for own in of_records if len(own) >= e])) for e in epochs]
    return {stage: points for stage, points in found.items() if points}


def curves(facts: Facts) -> Section | None:
    """Of the records that are looked at."""
    if not facts.records or not curve_spreads(facts, "validation_loss"):
        return None
    losses, right = curve_spreads(facts, "validation_loss"), curve_spreads(facts, "validation_accuracy")
    least = min(value.low for points in losses.values() for _, value in points)
    most = max(value.high for points in losses.values() for _, value in points)
    low, high = math.floor(_log(least)), max(math.ceil(_log(most)), math.floor(_log(least)) + 1)
    loss_bands = _bands(facts, losses, plain, _log)
    floor = math.floor(20 * min(value.low for points in right.values() for _, value in points)) / 20
    ticks = round_ticks(floor, 1.0)
    last = losses["improved"][-1][1]
    ends = [f"{points[-1][1].middle:.2g} after {_WORDS[stage]}" for stage, points in losses.items()]
    figures = [
        Figure(
            f"Validation loss is {' and '.join(ends)}" if facts.mends else f"Validation loss ends at {last.middle:.2g}",
            bands(
                loss_bands,
                "Curves: validation loss by epoch, median and 10 to 90 %",
                "epoch",
                [float(t) for t in range(low, high + 1)],
                (low, high),
                "nats",
                lambda t: plain(10**t),
            ),
            "Mean binary cross-entropy on the validation split, nats, on a logarithmic axis"
            + (", against the labels of its stage: corrupted ones, then clean ones." if facts.mends else "."),
            _table(losses),
        ),
        Figure(
            f"In the end {percent(right['improved'][-1][1].middle)} of the validation labels are predicted right",
            bands(
                _bands(facts, right, percent, float),
                "Curves: validation accuracy by epoch, median and 10 to 90 %",
                "epoch",
                ticks,
                (floor, 1.0),
                "right",
                percent,
            ),
            "Share of the validation split whose label is predicted; the axis begins at " + percent(floor) + ".",
            _table(right),
        ),
    ]
    return Section(
        "curves",
        "How they learn",
        f"Median and band from 10 to 90 % over {facts.these_records}, at each epoch over the networks that ran it."
        + (" Stage 2 goes on from stage 1's very weights." if facts.mends else ""),
        figures,
    )


def _log(value: float) -> float:
    return math.log10(max(value, 1e-9))


def _bands(
    facts: Facts,
    of_stages: Mapping[str, Sequence[tuple[int, Spread]]],
    show: Callable[[float], str],
    at: Callable[[float], float],
) -> list[Band]:
    """The stages one behind the other."""
    found, start = [], 0
    for stage, values in of_stages.items():
        name = f"{_WORDS[stage]}: {_LABELS[stage]}" if facts.mends else "training"
        told = [
            f"{name}, epoch {epoch}: {show(v.middle)} (10 to 90 %: {show(v.low)} to {show(v.high)}), {v.size} networks"
            for epoch, v in values
        ]
        points = [(start + epoch, at(v.low), at(v.middle), at(v.high)) for epoch, v in values]
        found.append(Band(points, told, _STAGES[stage], name))
        start += values[-1][0]
    return found


def _table(of_stages: Mapping[str, Sequence[tuple[int, Spread]]]) -> str:
    rows: list[Sequence[str | float]] = [
        [stage, epoch, v.size, *(float(f"{value:.4g}") for value in v[:3])]
        for stage, values in of_stages.items()
        for epoch, v in values
    ]
    return table(["stage", "epoch", "networks", "10 %", "median", "90 %"], rows)
