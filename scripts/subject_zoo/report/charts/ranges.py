"""Rows of dots with the range around them: medians and 10 to 90 %, or shares and their intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from subject_zoo.report.charts.scale import Scale, bottom_axis, plain, round_ticks
from subject_zoo.report.charts.svg import WIDTH, drawing, element, shortened, words

_ROW = 20


@dataclass(frozen=True)
class Dot:
    """A value, the range around it, what it is, and how it looks: the class of its colour, and whether it is square."""

    value: float
    low: float
    high: float
    told: str
    class_: str = "after"
    is_square: bool = False


def ranges(
    rows: Sequence[tuple[str, Sequence[Dot]]],
    label: str,
    title: str,
    bounds: tuple[float, float] = (0.0, 1.0),
    show: Callable[[float], str] = plain,
    line: tuple[float, str] | None = None,
    left: float = 118,
) -> str:
    """A figure of named rows; where a row has two dots, a line joins them. `line` is a value that all are held against,
    and what it is called."""
    scale = Scale(*bounds, left, WIDTH - 18)
    top = 20 if line else 6
    bottom = top + _ROW * len(rows) + 2
    parts = [bottom_axis(scale, round_ticks(*bounds), top, bottom, title, show)]
    if line:
        x = scale(line[0])
        anchor = "end" if x > (left + WIDTH) / 2 else "start"
        parts.append(element("path", class_="rule", d=f"M{x:.1f} {top - 4}V{bottom:.1f}"))
        parts.append(words(line[1], x, top - 8, anchor, "tick"))
    for place, (name, dots) in enumerate(rows):
        y = top + _ROW * (place + 0.5) + 1
        parts.append(words(shortened(name, left - 8), left - 8, y + 4, "end", "name"))
        if len(dots) > 1:
            ends = sorted(scale(dot.value) for dot in dots)
            parts.append(element("path", class_="join", d=f"M{ends[0]:.1f} {y:.1f}H{ends[-1]:.1f}"))
        parts += [_dot(dot, scale, y) for dot in dots]
    return drawing(bottom + 34, label, *parts)


def _dot(dot: Dot, scale: Scale, y: float) -> str:
    x, spread = scale(dot.value), f"M{scale(dot.low):.1f} {y:.1f}H{scale(dot.high):.1f}"
    mark = (
        element("rect", class_=f"fill {dot.class_}", x=x - 4, y=y - 4, width=8, height=8)
        if dot.is_square
        else element("circle", class_=f"fill {dot.class_}", cx=x, cy=y, r=4.5)
    )
    return element("g", element("path", class_=f"spread {dot.class_}", d=spread), mark, data_tip=dot.told)
