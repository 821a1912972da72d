"""What a check finds: one thing about this machine, how grave it is, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How grave a finding is: FAIL keeps a run from its end, WARN some use of it, or costs time."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """About `what` is `said`; where all is not well, `advice` says what to do."""

    level: Level
    what: str
    said: str
    advice: str = ""


def ok(what: str, said: str, advice: str = "") -> Finding:
    """All is well."""
    return Finding(Level.OK, what, said, advice)


def warn(what: str, said: str, advice: str) -> Finding:
    """A run can work, but for what is said."""
    return Finding(Level.WARN, what, said, advice)


def fail(what: str, said: str, advice: str) -> Finding:
    """No run can work before that is mended."""
    return Finding(Level.FAIL, what, said, advice)
