"""A matrix of shares as cells: the fuller the colour, the nearer to 1, with the percent in each."""

from collections.abc import Sequence

from subject_zoo.report.charts.svg import drawing, element, words
from subject_zoo.report.palette import ink_on

_CELL, _LEFT, _TOP = 36, 132, 104


def cells(
    shares: Sequence[Sequence[float | None]],
    told: Sequence[Sequence[str]],
    names: Sequence[str],
    label: str,
    axes: tuple[str, str],
) -> str:
    """A figure of rows and columns of the same names; None is a cell that nothing was measured of. `axes` say what the
    names are, down and across."""
    size = _CELL * len(names)
    parts = [words(axes[0], _LEFT - 8, _TOP - 8, "end", "axis"), words(axes[1], _LEFT + size / 2, 12, "middle", "axis")]
    for place, name in enumerate(names):
        x = _LEFT + _CELL * (place + 0.5)
        turned = f"rotate(-40 {x:.1f} {_TOP - 6})"
        parts.append(words(name, x, _TOP - 6, "start", "name", transform=turned))
        parts.append(words(name, _LEFT - 8, _TOP + _CELL * (place + 0.5) + 4, "end", "name"))
    for row, (values, lines) in enumerate(zip(shares, told, strict=True)):
        for column, (value, tip) in enumerate(zip(values, lines, strict=True)):
            x, y = _LEFT + _CELL * column, _TOP + _CELL * row
            if value is None:
                parts.append(words("–", x + _CELL / 2, y + _CELL / 2 + 4, "middle", "tick"))
                continue
            light, dark = ink_on(value)
            box = element(
                "rect",
                class_="fill after",
                x=x + 0.5,
                y=y + 0.5,
                width=_CELL - 1,
                height=_CELL - 1,
                fill_opacity=value,
            )
            edge = " own" if row == column else ""
            frame = element("rect", class_=f"cell{edge}", x=x + 1, y=y + 1, width=_CELL - 2, height=_CELL - 2)
            text = words(f"{100 * value:.0f}", x + _CELL / 2, y + _CELL / 2 + 4, "middle", f"in-cell {light} {dark}")
            parts.append(element("g", box, frame, text, data_tip=tip))
    # Turned names reach beyond the last column.
    return drawing(_TOP + size + 6, label, *parts, width=_LEFT + size + 70, class_="chart wide")
