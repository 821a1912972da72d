"""The patterns, one record each: what it says, which sequences satisfy it, and how these are counted and drawn.

A new pattern is a new record in this file, and nothing else in the library. `holds` and `language` define it twice, by
a rule on whole sequences and by an automaton that reads them token by token; tests/patterns/test_definitions.py lists
all sequences of small spaces and sees that both say the same.

Nothing here loads numpy: predicates use what arrays can do by themselves, so that a configuration is checked without.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from subject_zoo.base.errors import UserError
from subject_zoo.patterns.languages import Language, all_different, free, pairs, tokens_of
from subject_zoo.patterns.space import LETTERS, VOWELS, PatternSpace

if TYPE_CHECKING:
    import numpy as np


def _always_possible(space: PatternSpace) -> str | None:
    return None


@dataclass(frozen=True)
class Pattern:
    """A pattern of the zoo.

    clause      what a sequence that satisfies it is like, in words; {first}, {last} and {vowels} are the space's
    holds       bool [n], which sequences satisfy it, of columns uint8 [T, n]: one row a position
    language    its sequences as an automaton's words
    impossible  why no sequence of a space can satisfy it, and what would help; None where one does
    """

    name: str
    clause: str
    holds: Callable[[PatternSpace, np.ndarray], Any]
    language: Callable[[PatternSpace], Language]
    impossible: Callable[[PatternSpace], str | None] = _always_possible


# What takes more than a line


def _holds_no_repeats(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    letters = 1 << x.astype("uint64")  # a sum of different powers of two is their union, and no other sum is
    return letters.sum(axis=0) == reduce(operator.or_, letters)


def _holds_has_majority(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    half = len(x) // 2
    # A majority leaves out fewer positions than these, so it is among them.
    return reduce(operator.or_, ((x == candidate).sum(axis=0) > half for candidate in x[: half + 1]))


def _holds_vowel_consonant(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    vowel = reduce(operator.or_, (x == LETTERS.index(letter) for letter in VOWELS))
    return (vowel[:-1] != vowel[1:]).all(axis=0)


def _holds_mountain(space: PatternSpace, x: np.ndarray) -> np.ndarray:
    rises, falls = x[:-1] < x[1:], x[:-1] > x[1:]
    fallen = falls.cumsum(axis=0, dtype="uint8") > 0
    return rises.any(axis=0) & fallen[-1] & ~(rises & fallen).any(axis=0)


def _words_contains_abc(space: PatternSpace) -> Language:
    def step(matched: int, token: int) -> int:
        if matched == 3:
            return matched
        return matched + 1 if token == matched else int(token == 0)

    return tokens_of(space, start=0, step=step, accepts=lambda matched: matched == 3)


def _words_has_majority(space: PatternSpace) -> Language:
    """Words: the majority token, which is unique, then each token's distance from it modulo vocab_size."""
    needed = space.sequence_length // 2 + 1

    def step(zeros: int, digit: int) -> int:
        return 0 if zeros == -1 else min(zeros + (digit == 0), needed)

    return Language(
        space.vocab_size,
        space.sequence_length + 1,
        start=-1,
        step=step,
        accepts=lambda zeros: zeros == needed,
        decode=lambda words: (words[:, :1] + words[:, 1:]) % space.vocab_size,
    )


def _words_vowel_consonant(space: PatternSpace) -> Language:
    def step(after_vowel: bool | str, token: int) -> bool | None:
        vowel = LETTERS[token] in VOWELS
        return vowel if vowel != after_vowel else None

    return tokens_of(space, start="start", step=step)


def _words_mountain(space: PatternSpace) -> Language:
    """The state is the slope so far (level at the foot, rising, falling) and the last token."""

    def step(state: tuple[str, int], token: int) -> tuple[str, int] | None:
        slope, last = state
        if slope == "start":
            return "foot", token
        if token > last:
            return ("rising", token) if slope != "falling" else None
        if token < last:
            return ("falling", token) if slope != "foot" else None
        return state

    return tokens_of(space, start=("start", 0), step=step, accepts=lambda state: state[0] == "falling")


def _no_repeats_impossible(space: PatternSpace) -> str | None:
    length, letters = space.sequence_length, space.vocab_size
    if length <= letters:
        return None
    return (
        f"{length} tokens from {letters} letters always repeat one; leave it out, or set patterns.sequence_length "
        f"to at most {letters} or patterns.vocab_size to at least {length}"
    )


_ALL = (
    Pattern(
        name="all_same",
        clause="all tokens are the same",
        holds=lambda space, x: (x == x[0]).all(axis=0),
        language=lambda space: free(space, [0] * space.sequence_length),
    ),
    Pattern(
        name="palindrome",
        clause="the sequence reads the same forwards and backwards",
        holds=lambda space, x: (x[: len(x) // 2] == x[::-1][: len(x) // 2]).all(axis=0),
        language=lambda space: free(
            space, [min(i, space.sequence_length - 1 - i) for i in range(space.sequence_length)]
        ),
    ),
    Pattern(
        name="sorted_ascending",
        clause="the tokens are in alphabetical order, repeats allowed",
        holds=lambda space, x: (x[:-1] <= x[1:]).all(axis=0),
        language=lambda space: tokens_of(space, start=0, step=lambda last, token: token if token >= last else None),
    ),
    Pattern(
        name="sorted_descending",
        clause="the tokens are in reverse alphabetical order, repeats allowed",
        holds=lambda space, x: (x[:-1] >= x[1:]).all(axis=0),
        language=lambda space: tokens_of(
            space, start=space.vocab_size - 1, step=lambda last, token: token if token <= last else None
        ),
    ),
    Pattern(
        name="alternating",
        clause="exactly two different tokens take turns",
        holds=lambda space, x: (x[:-2] == x[2:]).all(axis=0) & (x[0] != x[1]),
        language=lambda space: all_different(space, [i % 2 for i in range(space.sequence_length)]),
    ),
    Pattern(
        name="contains_abc",
        clause="A, B and C stand next to each other, in that order, somewhere in the sequence",
        holds=lambda space, x: ((x[:-2] == 0) & (x[1:-1] == 1) & (x[2:] == 2)).any(axis=0),
        language=_words_contains_abc,
    ),
    Pattern(
        name="starts_with",
        clause="the first token is {first}",
        holds=lambda space, x: x[0] == space.starts_with,
        language=lambda space: tokens_of(
            space, start=False, step=lambda begun, token: True if begun or token == space.starts_with else None
        ),
    ),
    Pattern(
        name="ends_with",
        clause="the last token is {last}",
        holds=lambda space, x: x[-1] == space.ends_with,
        language=lambda space: tokens_of(
            space,
            start=False,
            step=lambda last_fits, token: token == space.ends_with,
            accepts=lambda last_fits: last_fits,
        ),
    ),
    Pattern(
        name="no_repeats",
        clause="no token occurs twice",
        holds=_holds_no_repeats,
        language=lambda space: all_different(space, range(space.sequence_length)),
        impossible=_no_repeats_impossible,
    ),
    Pattern(
        name="has_majority",
        clause="one token fills more than half of the positions",
        holds=_holds_has_majority,
        language=_words_has_majority,
    ),
    Pattern(
        name="increasing_pairs",
        clause="in each pair of tokens (1 and 2, 3 and 4, ...) the second is later in the alphabet than the first",
        # An odd length leaves the last token without a partner, and free.
        holds=lambda space, x: (x[:-1:2] < x[1::2]).all(axis=0),
        language=lambda space: pairs(space, operator.lt),
    ),
    Pattern(
        name="decreasing_pairs",
        clause="in each pair of tokens (1 and 2, 3 and 4, ...) the second is earlier in the alphabet than the first",
        holds=lambda space, x: (x[:-1:2] > x[1::2]).all(axis=0),
        language=lambda space: pairs(space, operator.gt),
    ),
    Pattern(
        name="vowel_consonant",
        clause="vowels ({vowels}) and consonants take turns",
        holds=_holds_vowel_consonant,
        language=_words_vowel_consonant,
    ),
    Pattern(
        name="first_last_match",
        clause="the first and the last token are the same",
        holds=lambda space, x: x[0] == x[-1],
        language=lambda space: free(space, [*range(space.sequence_length - 1), 0]),
    ),
    Pattern(
        name="mountain_pattern",
        clause=(
            "the tokens rise in the alphabet to a peak and then fall, level steps allowed, "
            "with at least one rise and one fall"
        ),
        holds=_holds_mountain,
        language=_words_mountain,
    ),
)

DEFINITIONS: dict[str, Pattern] = {pattern.name: pattern for pattern in _ALL}
PATTERNS: tuple[str, ...] = tuple(DEFINITIONS)


def definition(name: str) -> Pattern:
    """The pattern of that name. Raises UserError, naming `patterns.enabled`, unless it is one of PATTERNS."""
    if name not in DEFINITIONS:
        raise UserError(f"patterns.enabled: {name!r} is no pattern; choose from {', '.join(PATTERNS)}")
    return DEFINITIONS[name]


def describe(space: PatternSpace, name: str) -> str:
    """The pattern as a plain clause with the configured letters. UserError for an unknown name."""
    return definition(name).clause.format(
        first=LETTERS[space.starts_with],
        last=LETTERS[space.ends_with],
        vowels=", ".join(letter for letter in space.letters if letter in VOWELS),
    )


def check_possible(space: PatternSpace, names: Sequence[str]) -> None:
    """Raise UserError, naming `patterns.enabled`, for a pattern that is unknown or never satisfied."""
    for name in names:
        if why := definition(name).impossible(space):
            raise UserError(f"patterns.enabled: {name} cannot occur, {why}")
