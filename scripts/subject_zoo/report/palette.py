"""The page's colours, light and dark: those of Okabe and Ito for marks, told apart by the colour-blind, and in grey."""

from collections.abc import Mapping

LIGHT = {
    "page": "#f7f6f2",
    "card": "#ffffff",
    "ink": "#1a1d21",
    "soft": "#59616b",
    "line": "#d8d6cf",
    "grid": "#e9e7e1",
    "link": "#00568a",
    "after": "#0072b2",
    "before": "#d55e00",
    "other": "#7f8790",
    "plus": "#007a56",
    "minus": "#8f3f97",
    "tip": "#1a1d21",
    "on-tip": "#ffffff",
}
DARK = {
    "page": "#0e1115",
    "card": "#161a20",
    "ink": "#e9e7e2",
    "soft": "#a5adb8",
    "line": "#363e49",
    "grid": "#272e37",
    "link": "#7cc4f4",
    "after": "#56b4e9",
    "before": "#f28e4b",
    "other": "#6f7883",
    "plus": "#3ecf9c",
    "minus": "#d58be0",
    "tip": "#e9e7e2",
    "on-tip": "#14171b",
}


def variables(colours: Mapping[str, str]) -> str:
    """Colours as variables of a style sheet."""
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def ink_on(share: float) -> tuple[str, str]:
    """The classes of a word's colour on a cell that is `share` full: one for the light page, one for the dark."""
    return tuple(  # type: ignore[return-value]
        f"{theme}-{'black' if luminance(mixed(colours, share)) > 0.179 else 'white'}"
        for theme, colours in (("light", LIGHT), ("dark", DARK))
    )


def mixed(colours: Mapping[str, str], share: float) -> list[float]:
    """Red, green and blue of a mark of that opacity on a card, from 0 to 1."""
    mark, card = rgb(colours["after"]), rgb(colours["card"])
    return [share * a + (1 - share) * b for a, b in zip(mark, card, strict=True)]


def rgb(colour: str) -> list[float]:
    """Red, green and blue of "#rrggbb", from 0 to 1."""
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def luminance(colour: list[float]) -> float:
    """Relative luminance as WCAG 2 defines it: above 0.179, black has more contrast than white."""
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
