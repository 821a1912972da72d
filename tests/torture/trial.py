"""One try of one fault: its folder, its choices, and how it can end."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

Kind = TypeVar("Kind")
NOTES = "notes.txt"


class FailedError(Exception):
    """The try was not survived; the text says what went wrong."""


class SkippedError(Exception):
    """The fault cannot be made on this machine; the text says why."""


@dataclass(frozen=True)
class Trial:
    """One try: `folder` is empty and its own, `bases` holds the undisturbed runs, and `choose` draws all it does from
    the campaign's seed, the fault's name and the number of the try."""

    seed: int
    fault: str
    number: int
    folder: Path
    bases: Path

    @cached_property
    def choose(self) -> random.Random:
        return random.Random(f"{self.seed}:{self.fault}:{self.number}")

    def note(self, words: str) -> None:
        """Keep what is done, for a try that ends without a word."""
        (self.folder / NOTES).write_text(f"{words}\n")

    def deal(self, kinds: Sequence[Kind]) -> Kind:
        """One of the kinds, so that successive tries have all of them, in an order that the seed shuffles."""
        order = random.Random(f"{self.seed}:{self.fault}:deal").sample(range(len(kinds)), len(kinds))
        return kinds[order[self.number % len(kinds)]]


@dataclass(frozen=True)
class Fault:
    """A kind of fault: how often it is tried at full count and in the tests, the undisturbed runs that it is compared
    with, and one try of it, which returns in words what it did, or raises FailedError or SkippedError."""

    name: str
    full: int
    few: int
    attempt: Callable[[Trial], str]
    needs: tuple[str, ...] = ()
    timeout: float = 900
