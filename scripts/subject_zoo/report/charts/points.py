"""Points in two dimensions, drawn once, and small pictures in which some of them stand out."""

from collections.abc import Collection, Sequence

from subject_zoo.report.charts.svg import drawing, element

SIDE = 120  # of a small picture
_EDGE = 6


def places(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Points [n][2] in a square of SIDE, as wide and as high as they reach."""
    found = []
    lows = [min((point[axis] for point in points), default=0.0) for axis in (0, 1)]
    highs = [max((point[axis] for point in points), default=0.0) for axis in (0, 1)]
    for point in points:
        x, y = (
            (value - low) / (high - low) if high > low else 0.5
            for value, low, high in zip(point, lows, highs, strict=True)
        )
        found.append((_EDGE + x * (SIDE - 2 * _EDGE), SIDE - _EDGE - y * (SIDE - 2 * _EDGE)))
    return found


def cloud(all_places: Sequence[tuple[float, float]], name: str) -> str:
    """All points, as a shape of that name that pictures use and that is not seen itself."""
    shape = element("path", id=name, class_="points", d=_strokes(all_places))
    return f'<svg class="unseen" width="0" height="0" aria-hidden="true"><defs>{shape}</defs></svg>'


def picture(all_places: Sequence[tuple[float, float]], chosen: Collection[int], name: str, label: str) -> str:
    """The points of that name, with those that are chosen on top."""
    own = element("path", class_="points chosen", d=_strokes([all_places[place] for place in sorted(chosen)]))
    frame = element("rect", class_="cell", x=0.5, y=0.5, width=SIDE - 1, height=SIDE - 1)
    return drawing(SIDE, label, frame, element("use", href=f"#{name}"), own, width=SIDE, class_="small")


def _strokes(places: Sequence[tuple[float, float]]) -> str:
    """Lines of no length, which round ends make dots: one element for thousands."""
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places) or "M0 0"
