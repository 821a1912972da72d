"""The fifteen patterns: what each one means, as a vectorised predicate and in words.

Tokens are the first letters of the alphabet as indices (0 is "A"); sequences are the rows of a uint8 array
[n, T].
"""

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from subject_zoo.errors import UserError

LETTERS = string.ascii_uppercase
VOWELS = "AEIOU"
VOCAB_SIZES = range(5, 27)
SEQUENCE_LENGTHS = range(4, 21)

_IS_VOWEL = np.array([letter in VOWELS for letter in LETTERS])


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

    def satisfies(self, tokens: np.ndarray) -> np.ndarray:
        """bool [n, 15]: which sequences of `tokens` [n, T] satisfy which of PATTERNS, one column each."""
        columns = self._columns(tokens)
        return np.stack([pattern.holds(self, columns) for pattern in _DEFINITIONS.values()], axis=1)

    def predicate(self, name: str, tokens: np.ndarray) -> np.ndarray:
        """bool [n]: which sequences of `tokens` [n, T] satisfy the pattern. UserError for an unknown name."""
        return _definition(name).holds(self, self._columns(tokens))

    def describe(self, name: str) -> str:
        """The pattern as a plain clause with the configured letters. UserError for an unknown name."""
        return _definition(name).clause.format(
            first=LETTERS[self.starts_with],
            last=LETTERS[self.ends_with],
            vowels=", ".join(letter for letter in self.letters if letter in VOWELS),
        )

    def check(self, names: Sequence[str]) -> None:
        """Raise UserError, naming `patterns.enabled`, for a pattern that is unknown or never satisfied.

        Within the range of sizes, no_repeats is the only one that can be empty.
        """
        for name in names:
            require_known(name)
        if "no_repeats" in names and self.sequence_length > self.vocab_size:
            raise UserError(
                f"patterns.enabled: no_repeats cannot occur, {self.sequence_length} tokens from "
                f"{self.vocab_size} letters always repeat one; leave it out, or set patterns.sequence_length "
                f"to at most {self.vocab_size} or patterns.vocab_size to at least {self.sequence_length}"
            )

    def to_text(self, tokens: np.ndarray) -> list[str]:
        """The sequences of `tokens` uint8 [n, T] as letters, "ABCDEFG"."""
        letters = np.ascontiguousarray(self._columns(tokens).T) + np.uint8(ord("A"))
        return letters.view(f"S{self.sequence_length}")[:, 0].astype(str).tolist()

    def from_text(self, texts: Sequence[str]) -> np.ndarray:
        """uint8 [n, T]: the tokens of sequences written as letters, the reverse of `to_text`.

        Raises UserError for a sequence of another length or with a letter outside the vocabulary.
        """
        for number, text in enumerate(texts, start=1):
            if len(text) != self.sequence_length or not set(text) <= set(self.letters):
                raise UserError(
                    f"sequence {number} is {text!r}; "
                    f"it must be {self.sequence_length} letters from A to {self.letters[-1]}"
                )
        tokens = np.frombuffer("".join(texts).encode("ascii"), dtype=np.uint8) - np.uint8(ord("A"))
        return tokens.reshape(len(texts), self.sequence_length)

    def _columns(self, tokens: np.ndarray) -> np.ndarray:
        """uint8 [T, n]: one contiguous row a position, so that every predicate runs along memory."""
        tokens = np.asarray(tokens)
        if tokens.ndim != 2 or tokens.shape[1] != self.sequence_length:
            raise ValueError(f"tokens have shape {tokens.shape}, not [n, {self.sequence_length}]")
        return np.ascontiguousarray(tokens.T, dtype=np.uint8)


class _Definition(NamedTuple):
    holds: Callable[[PatternSpace, np.ndarray], np.ndarray]  # columns uint8 [T, n] -> bool [n]
    clause: str


def _all_same(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    return (x == x[0]).all(axis=0)


def _palindrome(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    half = len(x) // 2
    return (x[:half] == x[::-1][:half]).all(axis=0)


def _sorted_ascending(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    return (x[:-1] <= x[1:]).all(axis=0)


def _sorted_descending(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    return (x[:-1] >= x[1:]).all(axis=0)


def _alternating(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    return (x[:-2] == x[2:]).all(axis=0) & (x[0] != x[1])


def _contains_abc(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    return ((x[:-2] == 0) & (x[1:-1] == 1) & (x[2:] == 2)).any(axis=0)


def _starts_with(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    return x[0] == space.starts_with


def _ends_with(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    return x[-1] == space.ends_with


def _no_repeats(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    letters_used = np.bitwise_or.reduce(np.left_shift(1, x, dtype=np.uint32), axis=0)
    return np.bitwise_count(letters_used) == len(x)


def _has_majority(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    half = len(x) // 2
    found = np.zeros(x.shape[1], dtype=bool)
    for candidate in x[: half + 1]:  # a majority leaves out fewer positions than these, so it is among them
        found |= (x == candidate).sum(axis=0, dtype=np.uint8) > half
    return found


def _increasing_pairs(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    return (x[:-1:2] < x[1::2]).all(axis=0)  # an odd length leaves the last token without a partner, and free


def _decreasing_pairs(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    return (x[:-1:2] > x[1::2]).all(axis=0)


def _vowel_consonant(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    vowel = _IS_VOWEL[x]
    return (vowel[:-1] != vowel[1:]).all(axis=0)


def _first_last_match(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    return x[0] == x[-1]


def _mountain_pattern(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    rises, falls = x[:-1] < x[1:], x[:-1] > x[1:]
    fallen = np.logical_or.accumulate(falls, axis=0)
    return rises.any(axis=0) & fallen[-1] & ~(rises & fallen).any(axis=0)


_DEFINITIONS = {
    "all_same": _Definition(_all_same, "all tokens are the same"),
    "palindrome": _Definition(_palindrome, "the sequence reads the same forwards and backwards"),
    "sorted_ascending": _Definition(_sorted_ascending, "the tokens are in alphabetical order, repeats allowed"),
    "sorted_descending": _Definition(
        _sorted_descending, "the tokens are in reverse alphabetical order, repeats allowed"
    ),
    "alternating": _Definition(_alternating, "exactly two different tokens take turns"),
    "contains_abc": _Definition(
        _contains_abc, "A, B and C stand next to each other, in that order, somewhere in the sequence"
    ),
    "starts_with": _Definition(_starts_with, "the first token is {first}"),
    "ends_with": _Definition(_ends_with, "the last token is {last}"),
    "no_repeats": _Definition(_no_repeats, "no token occurs twice"),
    "has_majority": _Definition(_has_majority, "one token fills more than half of the positions"),
    "increasing_pairs": _Definition(
        _increasing_pairs,
        "in each pair of tokens (1 and 2, 3 and 4, ...) the second is later in the alphabet than the first",
    ),
    "decreasing_pairs": _Definition(
        _decreasing_pairs,
        "in each pair of tokens (1 and 2, 3 and 4, ...) the second is earlier in the alphabet than the first",
    ),
    "vowel_consonant": _Definition(_vowel_consonant, "vowels ({vowels}) and consonants take turns"),
    "first_last_match": _Definition(_first_last_match, "the first and the last token are the same"),
    "mountain_pattern": _Definition(
        _mountain_pattern,
        "the tokens rise in the alphabet to a peak and then fall, level steps allowed, "
        "with at least one rise and one fall",
    ),
}

PATTERNS: tuple[str, ...] = tuple(_DEFINITIONS)


def require_known(name: str) -> None:
    """Raise UserError, naming `patterns.enabled`, unless `name` is one of PATTERNS."""
    if name not in _DEFINITIONS:
        raise UserError(f"patterns.enabled: {name!r} is no pattern; choose from {', '.join(PATTERNS)}")


def _definition(name: str) -> _Definition:
    require_known(name)
    return _DEFINITIONS[name]
