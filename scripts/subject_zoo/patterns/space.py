"""The space that sequences are from: its letters, its length, and the two tokens that patterns want.

Tokens are the first letters of the alphabet as indices (0 is "A").
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from subject_zoo.base.errors import UserError

LETTERS = string.ascii_uppercase
VOWELS = "AEIOU"
VOCAB_SIZES = range(5, 27)
SEQUENCE_LENGTHS = range(4, 21)
MOST_LISTED = 4_000_000  # sequences of a space that is looked at whole


@dataclass(frozen=True)
class PatternSpace:
    """All sequences of `sequence_length` tokens 0 .. vocab_size - 1, and the tokens that two patterns want.

    `starts_with` and `ends_with` are token indices. Raises UserError, naming the key of section `patterns`,
    for a size outside VOCAB_SIZES or SEQUENCE_LENGTHS and for a token outside the vocabulary.
    """

    vocab_size: int
    sequence_length: int
    starts_with: int = 0
    ends_with: int = 1

    def __post_init__(self) -> None:
        for key, allowed in (("vocab_size", VOCAB_SIZES), ("sequence_length", SEQUENCE_LENGTHS)):
            value = getattr(self, key)
            if value not in allowed:
                raise UserError(f"patterns.{key}: {value} is outside {allowed[0]} to {allowed[-1]}")
        for key in ("starts_with", "ends_with"):
            token = getattr(self, key)
            if token not in range(self.vocab_size):
                shown = LETTERS[token] if token in range(len(LETTERS)) else f"token {token}"
                raise UserError(
                    f"patterns.{key}: {shown} is not in the vocabulary of {self.vocab_size} letters; "
                    f"choose a letter from A to {self.letters[-1]}"
                )

    @property
    def letters(self) -> str:
        """The vocabulary, "ABCDEFG" for a vocab_size of 7."""
        return LETTERS[: self.vocab_size]

    @property
    def size(self) -> int:
        """How many sequences there are."""
        return self.vocab_size**self.sequence_length


def pattern_space(patterns: Mapping[str, Any]) -> PatternSpace:
    """The space of sequences of the config's section `patterns`."""
    tokens = {key: LETTERS.index(patterns[key]) for key in ("starts_with", "ends_with")}
    return PatternSpace(patterns["vocab_size"], patterns["sequence_length"], **tokens)
