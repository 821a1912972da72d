"""The line of a run: on a terminal it is written over itself, in a log it is a line now and then."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TextIO

from main_process.progress import Part, fit

_WIDTH = 80  # where the terminal does not say
_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 60.0  # seconds between lines of a log, which grow with the run's age
_AGE = 20.0  # that many pauses old

_ERASE = "\r\x1b[J"  # all from the cursor's line on, what was typed there too
_UP = "\x1b[A\r"


class Line:
    """The line, on a terminal or in a log.

    On a terminal it stands one below the cursor, on an empty line of its own: whatever jobs and libraries print goes
    above it, and the next showing moves it on.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_live = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._begin = time.monotonic()
        self._told, self._event = -_LONGEST_PAUSE, 0
        self._shown = False

    def show(self, parts: Iterable[Part], event: int = 0) -> None:
        """Show the line: in a log where it is time to, or, a little sooner, where `event` is another number than
        before."""
        if self.is_live:
            self._write(f"{_ERASE}\n{fit(parts, self._width() - 1)}{_UP}")
            self._shown = True
            return
        now = time.monotonic()
        pause = min(max(_FIRST_PAUSE, (now - self._begin) / _AGE), _LONGEST_PAUSE)
        if now - self._told >= (_FIRST_PAUSE if event != self._event else pause):
            self._told, self._event = now, event
            self._write(f"{time.strftime('%H:%M:%S')} {fit(parts, 1000)}\n")

    def erase(self) -> None:
        """Take the line from the terminal."""
        if self._shown:
            self._write(_ERASE)
            self._shown = False

    def _width(self) -> int:
        with suppress(OSError, ValueError):
            return os.get_terminal_size(self._stream.fileno()).columns or _WIDTH
        return _WIDTH

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody may be there any more to read it
            self._stream.write(text)
            self._stream.flush()
