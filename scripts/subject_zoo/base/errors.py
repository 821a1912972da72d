"""The one exception that a person is meant to read, and how text that is not ours stands in its line."""

LONGEST = 200  # characters of foreign text in a line


class UserError(Exception):
    """Bad input: one line that names the key or file, what is wrong and what would be right.

    Adapters print the line alone, without a traceback, and exit with a status other than 0.
    """


def one_line(text: object, longest: int = LONGEST) -> str:
    """An error's message, or any text, on one line of bounded length, whatever it holds: what a terminal would obey or
    no encoding has is escaped."""
    words = str(text)
    start = " ".join(words[: 20 * longest].split())
    shown = printable(start[:longest])
    is_whole = len(shown) <= longest and len(start) <= longest and len(words) <= 20 * longest
    return shown if is_whole else f"{shown[:longest]}..."


def printable(text: str) -> str:
    """A text without what a terminal would obey, or no encoding has: that is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
