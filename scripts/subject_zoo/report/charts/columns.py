"""Columns that stand: how often values fall into bins of equal width."""

from collections.abc import Sequence
from dataclasses import dataclass

from subject_zoo.report.charts.scale import Scale, bottom_axis, left_axis, plain, round_ticks
from subject_zoo.report.charts.svg import WIDTH, drawing, element, words


@dataclass(frozen=True)
class Columns:
    """Counts of the bins between edges, [k] and [k + 1], the class of their colour, and their name."""

    edges: Sequence[float]
    counts: Sequence[int]
    class_: str
    name: str


def columns(groups: Sequence[Columns], label: str, title: str, counted: str) -> str:
    """A figure of one or more groups on the same axes, named in a legend where they are several; what is `counted`
    stands above the axis."""
    left, top = 46, 24
    bottom = top + 130
    most = max((count for group in groups for count in group.counts), default=1) or 1
    low, high = min(group.edges[0] for group in groups), max(group.edges[-1] for group in groups)
    across, up = Scale(low, high, left, WIDTH - 18), Scale(0, most, bottom, top)
    parts = [left_axis(up, [t for t in round_ticks(0, most, 3) if t == int(t)], left, WIDTH - 18)]
    parts.append(bottom_axis(across, round_ticks(low, high), bottom, bottom + 3, title))
    parts.append(words(counted, 1, 11.5, "start", "tick"))
    for group in groups:
        for count, start, stop in zip(group.counts, group.edges, group.edges[1:], strict=False):
            if count:
                x, y = across(start), up(count)
                told = f"{group.name}: {count} {counted} from {plain(start)} to {plain(stop)}"
                parts.append(
                    element(
                        "rect",
                        class_=f"fill column {group.class_}",
                        x=x,
                        y=y,
                        width=max(across(stop) - x - 0.6, 0.6),
                        height=bottom - y,
                        data_tip=told,
                    )
                )
    if len(groups) > 1:
        place = float(left)
        for group in groups:
            parts.append(element("rect", class_=f"fill column {group.class_}", x=place, y=3, width=9, height=9))
            parts.append(words(group.name, place + 13, 11.5, "start", "tick"))
            place += 24 + 6.2 * len(group.name)
    return drawing(bottom + 36, label, *parts)
