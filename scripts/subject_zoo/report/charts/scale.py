"""From values to places in a figure, and where an axis has its marks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from subject_zoo.report.charts.svg import element, words

_NARROW = "\u00a0"  # a space that no line ends at


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` at places from `start` to `stop`; what is outside stands at the end."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.stop - self.start)


def round_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About so many round values from `low` to `high`: multiples of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [place * step for place in range(first, last + 1)]


def plain(value: float) -> str:
    """A number as it stands at an axis or in a sentence: three digits that count, thousands apart."""
    if value and abs(value) < 0.0005:
        return f"{value:.0e}".replace("e-0", "e-")
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def percent(value: float) -> str:
    """A share from 0 to 1 as it stands at an axis or in a sentence; only all of it is 100 %, and only none 0 %."""
    shown = 100 * value
    if 0 < shown < 0.05:
        return f"<{_NARROW}0.1{_NARROW}%"
    if 99.95 <= shown < 100:
        return f">{_NARROW}99.9{_NARROW}%"
    return f"{shown:.{1 if 0 < shown < 1 or 99 < shown < 100 else 0}f}{_NARROW}%"


def bottom_axis(
    scale: Scale,
    ticks: Sequence[float],
    top: float,
    bottom: float,
    title: str,
    show: Callable[[float], str] = plain,
) -> str:
    """Grid lines from `top` to `bottom`, what they stand for, and what is measured, in its unit."""
    parts = [element("path", class_="grid", d="".join(f"M{scale(t):.1f} {top:.1f}V{bottom:.1f}" for t in ticks))]
    parts += [words(show(tick), scale(tick), bottom + 13, "middle", "tick") for tick in ticks]
    parts.append(words(title, (scale.start + scale.stop) / 2, bottom + 28, "middle", "axis"))
    return "".join(parts)


def left_axis(
    scale: Scale, ticks: Sequence[float], left: float, right: float, show: Callable[[float], str] = plain
) -> str:
    """Grid lines from `left` to `right`, and what they stand for."""
    lines = element("path", class_="grid", d="".join(f"M{left:.1f} {scale(t):.1f}H{right:.1f}" for t in ticks))
    return lines + "".join(words(show(tick), left - 5, scale(tick) + 3.5, "end", "tick") for tick in ticks)
