"""What a page is made of: sections of figures, each with what it shows in a sentence, and tables beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

Cell = str | int | float | None


@dataclass(frozen=True)
class Figure:
    """A drawing (SVG or other markup) below the sentence that it shows, above what has to be known to read it, and a
    table of its numbers, if there is one. A wide one has the whole page."""

    finding: str
    drawing: str
    caption: str
    table: str = ""
    is_wide: bool = False

    def markup(self, is_alone: bool = False) -> str:
        """The figure as HTML; its numbers are open where it stands alone, and has room for them."""
        opened = " open" if is_alone and not self.is_wide else ""
        numbers = f"<details{opened}><summary>The numbers</summary>{self.table}</details>" if self.table else ""
        class_ = "figure whole" if self.is_wide else "figure alone" if is_alone else "figure"
        return (
            f'<figure class="{class_}"><h3>{escape(self.finding)}</h3><div class="drawing">{self.drawing}</div>'
            f"<figcaption>{_with_keys(self.caption)}</figcaption>{numbers}</figure>"
        )


@dataclass(frozen=True)
class Section:
    """A part of the page: what its address ends with, its name, an introduction, and its figures.

    `markup_below` is HTML that stands below them.
    """

    key: str
    name: str
    introduction: str
    figures: Sequence[Figure] = field(default_factory=tuple)
    markup_below: str = ""

    def markup(self) -> str:
        """The section as HTML."""
        lead = f'<p class="lead">{escape(self.introduction)}</p>' if self.introduction else ""
        drawn = "".join(figure.markup(len(self.figures) == 1) for figure in self.figures)
        figures = f'<div class="figures">{drawn}</div>' if drawn else ""
        head = f'<section id="{escape(self.key)}"><h2>{escape(self.name)}</h2>'
        return f"{head}{lead}{figures}{self.markup_below}</section>"


def _with_keys(caption: str) -> str:
    """A caption as HTML, in which the marks that it explains have their colours."""
    marked = escape(caption)
    for mark, class_ in (("■", "before"), ("●", "after")):
        marked = marked.replace(mark, f'<span class="mark {class_}">{mark}</span>')
    return marked


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A table whose cells are escaped; None is a dash."""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    return f'<div class="table"><table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'


def _cell(cell: Cell) -> str:
    if cell is None:
        return "<td>–</td>"
    class_ = "" if isinstance(cell, str) else ' class="number"'
    return f"<td{class_}>{escape(cell if isinstance(cell, str) else f'{cell:,}')}</td>"
