"""A pattern's sequences as the words that a small automaton accepts: what counting and drawing need of a pattern.

Kinds of languages that several patterns are made of stand here; what is done with a language, in automata.py.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from subject_zoo.patterns.space import PatternSpace

State = Hashable


@dataclass(frozen=True)
class Language:
    """Words of `length` digits below `base` that an automaton accepts, and the sequence that each stands for.

    `step(state, digit)` is the next state, or None where no word goes on so; `decode` maps words uint8
    [n, length] one-to-one to sequences uint8 [n, T].
    """

    base: int
    length: int
    start: State
    step: Callable[..., State | None]
    accepts: Callable[..., bool] = lambda state: True
    decode: Callable[[np.ndarray], np.ndarray] = lambda words: words


def tokens_of(
    space: PatternSpace,
    start: State,
    step: Callable[..., State | None],
    accepts: Callable[..., bool] = lambda state: True,
) -> Language:
    """Words that are the sequences themselves."""
    return Language(space.vocab_size, space.sequence_length, start, step, accepts)


def free(space: PatternSpace, columns: Sequence[int]) -> Language:
    """Any tokens, as many as `columns` names, and then these columns."""
    return Language(
        space.vocab_size,
        len(set(columns)),
        start=0,
        step=lambda state, token: state,
        decode=lambda words: words[:, columns],
    )


def all_different(space: PatternSpace, columns: Sequence[int]) -> Language:
    """Distinct tokens, as many as `columns` names, and then these columns.

    Digit t of a word is the rank of token t among the letters left (the Lehmer code), which keeps the order.
    """
    length = len(set(columns))

    def decode(words: np.ndarray) -> np.ndarray:
        words = words.copy()
        for position in range(length - 2, -1, -1):
            words[:, position + 1 :] += words[:, position + 1 :] >= words[:, position, None]
        return words[:, columns]

    return Language(
        space.vocab_size,
        length,
        start=0,
        step=lambda used, rank: used + 1 if rank < space.vocab_size - used else None,
        decode=decode,
    )


def pairs(space: PatternSpace, in_order: Callable[[int, int], bool]) -> Language:
    """The state is the pair's first token, or -1 between pairs; of odd length, the last token is free."""

    def step(first: int, token: int) -> int | None:
        if first == -1:
            return token
        return -1 if in_order(first, token) else None

    return tokens_of(space, start=-1, step=step)
