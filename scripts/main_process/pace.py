"""At what rate a run makes candidates, and how long the rest will take; both in words of a few characters."""

from collections import deque

_SPAN = 600.0  # seconds that the rate is taken over
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_UNITS = ((1.0, "s"), (_MINUTE, "min"), (_HOUR, "h"))
_LONGEST = 1000 * _DAY  # of a rest that is worth telling


class Pace:
    """The rate of work over the last minutes, from how much was done at which times, in seconds."""

    def __init__(self, now: float, done: float = 0.0) -> None:
        self._points = deque([(now, done)])

    def note(self, now: float, done: float) -> None:
        """Take in how much is done by now, in all."""
        self._points.append((now, done))
        while len(self._points) > 2 and self._points[1][0] <= now - _SPAN:
            self._points.popleft()

    def rate(self) -> float | None:
        """Work in a second; None as long as none is seen."""
        (begin, before), (end, after) = self._points[0], self._points[-1]
        rate = (after - before) / (end - begin) if end > begin and after > before else 0.0
        return rate if rate > 0 else None

    def left(self, rest: float, now: float) -> float | None:
        """Seconds until so much more is done, 0 or more; None where it cannot be told."""
        rate = self.rate()
        if rate is None:
            return None
        left = max(0.0, rest / rate - max(0.0, now - self._points[-1][0]))
        return left if left < _LONGEST else None


def duration(seconds: float) -> str:
    """Seconds, 0 or more, in words: "8 s", "12 min", "3 h 05 min", "9 days"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} days"


def frequency(rate: float) -> str:
    """A rate above 0, given by the second, in words: "5.1/s", "12/min", "3.0/h"."""
    seconds, unit = next((unit for unit in _UNITS if rate * unit[0] >= 1), _UNITS[-1])
    number = rate * seconds
    return f"{number:.1f}/{unit}" if number < 9.95 else f"{number:,.0f}/{unit}"
