"""Figures as SVG: sound whatever they are of, and escaped whatever it says."""

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.report.charts.bands import Band, bands
from subject_zoo.report.charts.bars import Bar, bars
from subject_zoo.report.charts.cells import cells
from subject_zoo.report.charts.columns import Columns, columns
from subject_zoo.report.charts.points import SIDE, picture, places
from subject_zoo.report.charts.ranges import Dot, ranges
from subject_zoo.report.charts.scale import Scale, percent, round_ticks
from subject_zoo.report.charts.svg import number
from subject_zoo.report.palette import DARK, LIGHT, ink_on, luminance, mixed, rgb
from subject_zoo.report.parts import table

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=9)
SHARES = st.floats(0, 1)


def texts_of(svg: str) -> list[str]:
    """The words of a drawing; it must be sound XML, and hold nothing that a browser would run."""
    tree = ET.fromstring(svg)
    for element in tree.iter():
        assert element.tag in {"svg", "g", "text", "rect", "circle", "path", "use"}
        assert not any(name.startswith("on") for name in element.attrib)
        for name in ("x", "y", "width", "height", "cx", "cy", "r"):
            assert math.isfinite(float(element.get(name, 0)))
    return [element.text or "" for element in tree.iter("text")]


@given(st.lists(st.tuples(WORDS, st.floats(0, 1e9), WORDS), max_size=5), WORDS)
def test_bars_name_their_rows(rows, label):
    found = texts_of(bars([Bar(name, value, told, told) for name, value, told in rows], label))
    assert found == [text for name, _, told in rows for text in (name, told)]


@given(st.lists(st.tuples(WORDS, SHARES, SHARES, WORDS), min_size=1, max_size=5), WORDS, SHARES)
def test_ranges_name_their_rows_and_axis(rows, title, line):
    dots = [(name, [Dot(value, 0, high, told), Dot(high, 0, 1, told)]) for name, value, high, told in rows]
    found = texts_of(ranges(dots, title, title, line=(line, title), show=percent))
    assert [name for name, *_ in rows] == found[-len(rows) :]
    assert title in found


@given(st.lists(st.tuples(SHARES, SHARES, SHARES), min_size=1, max_size=30), WORDS)
def test_bands_have_a_mark_for_each_step(values, name):
    points = [(step, *sorted(value)) for step, value in enumerate(values, start=1)]
    svg = bands([Band(points, [name] * len(points), "after", name)], name, "epoch", [0, 1], (0, 1), "right")
    assert name in texts_of(svg)
    assert svg.count("<circle") == len(values)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30), st.floats(-1e6, 1e6), st.floats(0.001, 1e6), WORDS)
def test_columns_have_a_bar_for_each_bin_that_is_not_empty(counts, low, step, name):
    edges = [low + step * place for place in range(len(counts) + 1)]
    svg = columns([Columns(edges, counts, "after", name)], name, "axis", "records")
    assert "axis" in texts_of(svg)
    assert svg.count("<rect") == sum(count > 0 for count in counts)


@given(st.integers(1, 5), st.data())
def test_cells_show_the_percent_of_each_share(count, data):
    names = data.draw(st.lists(WORDS, min_size=count, max_size=count))
    shares = [[data.draw(st.none() | SHARES) for _ in names] for _ in names]
    found = texts_of(cells(shares, [list(names) for _ in names], names, "label", ("down", "across")))
    assert found[2 + 2 * count :] == ["–" if share is None else f"{100 * share:.0f}" for row in shares for share in row]


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), max_size=20))
def test_points_lie_inside_their_picture(points):
    found = places(points)
    assert all(0 <= x <= SIDE and 0 <= y <= SIDE for x, y in found)
    texts_of(picture(found, range(len(found)), "all", "label"))


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_round_few_and_inside(low, span):
    ticks = round_ticks(low, low + span)
    assert len(ticks) <= 7
    assert all(low - 1e-6 * span <= tick <= low + span + 1e-6 * span for tick in ticks)


@given(SHARES)
def test_a_share_is_never_rounded_to_all_or_none_of_it(share):
    shown = percent(share).replace("\u00a0", " ")
    assert (shown == "100 %") == (share == 1)
    assert (shown == "0 %") == (share == 0)


def test_a_place_that_is_no_number_is_not_drawn():
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="a figure has a place"):
            number(value)
    assert Scale(0, 0, 10, 20)(0) == 15


def test_a_table_escapes_its_cells():
    assert "<b>" not in table(["<b>"], [["<b>", 1, 0.5, None]])


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_words_can_be_read_and_marks_be_seen(colours):
    shade = {name: luminance(rgb(colour)) for name, colour in colours.items()}
    for ground in ("page", "card"):
        for name in ("ink", "soft", "link"):
            assert contrast(shade[name], shade[ground]) >= 4.5
        for name in ("after", "before", "plus", "minus", "other"):
            assert contrast(shade[name], shade[ground]) >= 3
    assert contrast(shade["tip"], shade["on-tip"]) >= 4.5


@given(SHARES)
def test_the_percent_in_a_cell_can_be_read(share):
    for class_, colours in zip(ink_on(share), (LIGHT, DARK), strict=True):
        ink = 0.0 if class_.endswith("black") else 1.0
        assert contrast(ink, luminance(mixed(colours, share))) >= 4.5
