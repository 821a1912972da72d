"""Bars that lie, one a row, with their figures beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from subject_zoo.report.charts.scale import Scale
from subject_zoo.report.charts.svg import WIDTH, drawing, element, shortened, words

_ROW = 22


@dataclass(frozen=True)
class Bar:
    """A row: its name, how long it is, what stands behind it, and what is told of it besides."""

    name: str
    value: float
    figure: str
    told: str
    class_: str = "after"


def bars(rows: Sequence[Bar], label: str, left: float = 118, right: float = 74) -> str:
    """A figure of bars from a common 0, the longest as long as there is room."""
    scale = Scale(0, max([row.value for row in rows], default=0) or 1, left, WIDTH - right)
    parts = []
    for place, row in enumerate(rows):
        top, end = 4 + _ROW * place, scale(row.value)
        parts += [
            words(shortened(row.name, left - 8), left - 8, top + 14, "end", "name"),
            element(
                "rect",
                class_=f"fill {row.class_}",
                x=left,
                y=top + 3,
                width=max(end - left, 0.75),
                height=_ROW - 7,
                rx=1.5,
                data_tip=row.told,
            ),
            words(row.figure, end + 6, top + 14, "start", "name"),
        ]
    return drawing(8 + _ROW * len(rows), label, *parts)
