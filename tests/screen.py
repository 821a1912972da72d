"""What a person sees on a terminal, from the bytes that were sent to it."""

import re

_TOKEN = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|([^\x1b])", re.DOTALL)


class Screen:
    """A terminal that is high and wide enough to show all of it.

    Attributes:
        seen: every line that stood on the screen at a time when something was erased, and all that stand now.
    """

    def __init__(self, sent: str) -> None:
        self._rows: list[str] = [""]
        self._row = self._column = 0
        self.seen: list[str] = []
        for number, letter, text in _TOKEN.findall(sent):
            self._obey(letter, number) if letter else self._print(text)
        self.seen += self.lines

    @property
    def lines(self) -> list[str]:
        """What stands on it in the end, without empty lines."""
        return [row.rstrip() for row in self._rows if row.strip()]

    @property
    def cursor(self) -> tuple[int, int]:
        """The row and the column of the cursor, from 0."""
        return self._row, self._column

    def _print(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._row += 1
            self._rows += [""] * (self._row + 1 - len(self._rows))
        else:
            row = self._rows[self._row].ljust(self._column)
            self._rows[self._row] = row[: self._column] + character + row[self._column + 1 :]
            self._column += 1

    def _obey(self, letter: str, number: str) -> None:
        match letter:
            case "A":
                self._row -= int(number or 1)
                assert self._row >= 0, "above the first line"
            case "J":
                assert number in ("", "0")
                self.seen += self.lines
                self._rows[self._row] = self._rows[self._row][: self._column]
                del self._rows[self._row + 1 :]
            case "m":
                pass  # colours
            case _:
                raise AssertionError(f"this terminal knows no {letter}")
