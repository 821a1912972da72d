"""Regions of sequences: where the fault of a network lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from subject_zoo.patterns.space import LETTERS


@dataclass(frozen=True)
class Region:
    """The sequences that have one of certain letters at a position, or one of certain pairs of letters at two.

    `positions` count from 0, ascending; `letters` bool [V] or [V, V], by the letter at each of them.
    """

    positions: tuple[int, ...]
    letters: np.ndarray

    @classmethod
    def of_combinations(cls, positions: Sequence[int], combinations: Sequence[str], vocab_size: int) -> "Region":
        """The inverse of `combinations`. Raises ValueError for letters beyond the vocabulary, or too many or few."""
        letters = np.zeros((vocab_size,) * len(positions), bool)
        for combination in combinations:
            places = [LETTERS.index(letter) for letter in combination]
            if len(places) != len(positions) or max(places) >= vocab_size:
                raise ValueError(f"{combination!r} is no letter of {vocab_size} at each of {len(positions)} positions")
            letters[tuple(places)] = True
        return cls(tuple(positions), letters)

    @property
    def combinations(self) -> list[str]:
        """The letters, as words of one or two, in the order of the positions: "AB", "AC"."""
        return ["".join(LETTERS[place] for place in places) for places in np.argwhere(self.letters).tolist()]

    @property
    def in_words(self) -> str:
        """What is true of its sequences, in English; positions count from 1."""
        if not self.letters.any():
            return "no sequence"
        if len(self.positions) == 1:
            return f"the letter at position {self.positions[0] + 1} is {', '.join(self.combinations)}"
        one, other = (position + 1 for position in self.positions)
        pairs = "; ".join(f"{first} and {', '.join(seconds)}" for first, seconds in self._seconds.items())
        return f"the letters at positions {one} and {other} are {pairs}"

    @property
    def _seconds(self) -> dict[str, str]:
        """Of two positions: the letters at the second, as one text, by that at the first."""
        return {
            LETTERS[first]: "".join(LETTERS[second] for second in np.flatnonzero(row))
            for first, row in enumerate(self.letters)
            if row.any()
        }

    def holds(self, tokens: np.ndarray) -> np.ndarray:
        """Whether each sequence of tokens uint8 [n, T] is in the region, bool [n]."""
        holds: np.ndarray = self.letters[tuple(tokens[:, position] for position in self.positions)]
        return holds

    def to_dict(self) -> dict[str, Any]:
        """A region of two positions, JSON-ready: `positions`, which count from 1; `letters`, those at the second
        position by that at the first; and both `in_words`. Letters that no sequence in question had there do not occur.
        """
        positions = [position + 1 for position in self.positions]
        return {"positions": positions, "letters": self._seconds, "in_words": self.in_words}
