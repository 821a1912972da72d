"""Curves over steps: the median of many, and a band from 10 to 90 % of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from subject_zoo.report.charts.scale import Scale, left_axis, plain
from subject_zoo.report.charts.svg import WIDTH, drawing, element, words


@dataclass(frozen=True)
class Band:
    """A curve: (step, low, median, high) one after another, what is told at each, and the class of its colour."""

    points: Sequence[tuple[float, float, float, float]]
    told: Sequence[str]
    class_: str
    name: str


def bands(
    curves: Sequence[Band],
    label: str,
    title: str,
    ticks: Sequence[float],
    bounds: tuple[float, float],
    unit: str,
    show: Callable[[float], str] = plain,
) -> str:
    """A figure of curves over the same steps, whole numbers from 1; each has its name above its middle. What is
    measured stands above the axis."""
    left, top, bottom = 46, 24, 190
    last = max((point[0] for curve in curves for point in curve.points), default=1)
    across, up = Scale(0.6, last + 0.4, left, WIDTH - 10), Scale(*bounds, bottom, top)
    parts = [left_axis(up, ticks, left, WIDTH - 10, show), words(unit, 1, top - 10, "start", "tick")]
    every = max(1, round(last / 10))
    parts += [words(str(s), across(s), bottom + 15, "middle", "tick") for s in range(1, int(last) + 1, every)]
    parts.append(words(title, (left + WIDTH - 10) / 2, bottom + 31, "middle", "axis"))
    for curve in curves:
        places = [(across(step), up(low), up(middle), up(high)) for step, low, middle, high in curve.points]
        edge = [f"{x:.1f} {y:.1f}" for x, _, _, y in places] + [f"{x:.1f} {y:.1f}" for x, y, _, _ in places[::-1]]
        middle = "L".join(f"{x:.1f} {y:.1f}" for x, _, y, _ in places)
        parts.append(element("path", class_=f"band {curve.class_}", d=f"M{'L'.join(edge)}Z"))
        parts.append(element("path", class_=f"curve {curve.class_}", d=f"M{middle}"))
        for (x, _, y, _), told in zip(places, curve.told, strict=True):
            parts.append(element("circle", class_=f"fill {curve.class_}", cx=x, cy=y, r=3.5, data_tip=told))
        parts.append(words(curve.name, (places[0][0] + places[-1][0]) / 2, top - 10, "middle", "name"))
    return drawing(bottom + 38, label, *parts)
