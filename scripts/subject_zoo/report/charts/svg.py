"""SVG as text: elements whose attributes and words are escaped, whatever data they come from."""

import math
from html import escape

WIDTH = 340  # of most figures, in units of the drawing: a telephone's, so that words stay as large as they are

_LETTER = 6.2  # as wide as one is, of a name of a row

Value = str | float


def number(value: float) -> str:
    """A coordinate, to a hundredth. Raises ValueError for one that is no finite number: none can be drawn."""
    if not math.isfinite(value):
        raise ValueError(f"a figure has a place at {value}")
    return f"{value:.2f}".rstrip("0").rstrip(".")


def element(name: str, *content: str, **attributes: Value | None) -> str:
    """An element of parts that are SVG; `class_` is the attribute class, and "_" in other names is "-". Attributes of
    None are left out."""
    told = [
        f' {key.rstrip("_").replace("_", "-")}="{escape(value) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
        if value is not None
    ]
    inner = "".join(content)
    return f"<{name}{''.join(told)}>{inner}</{name}>" if inner else f"<{name}{''.join(told)}/>"


def words(text: str, x: float, y: float, anchor: str = "start", class_: str | None = None, **more: Value | None) -> str:
    """A line of text whose baseline is at y."""
    return element("text", escape(text), x=x, y=y, text_anchor=anchor, class_=class_, **more)


def shortened(name: str, room: float) -> str:
    """A name as far as it fits into so much room before a row, whose marks tell it in full."""
    most = int(room / _LETTER)
    return name if len(name) <= most else f"{name[: most - 1]}…"


def drawing(height: float, label: str, *parts: str, width: float = WIDTH, class_: str = "chart") -> str:
    """A whole figure; `label` is what is read out in its place."""
    return element(
        "svg",
        *parts,
        class_=class_,
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="img",
        aria_label=label,
    )
