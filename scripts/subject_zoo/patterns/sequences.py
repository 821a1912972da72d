"""Sequences as arrays of tokens: from and to letters, and the patterns that they satisfy."""

from collections.abc import Sequence

import numpy as np

from subject_zoo.base.distinct import distinct
from subject_zoo.base.errors import UserError
from subject_zoo.base.lines import one_line
from subject_zoo.patterns.definitions import definition
from subject_zoo.patterns.space import PatternSpace

_WORD = 8  # bytes of a uint64


def satisfies(space: PatternSpace, name: str, tokens: np.ndarray) -> np.ndarray:
    """bool [n]: which sequences of tokens [n, T] satisfy the pattern. UserError for an unknown name."""
    return definition(name).holds(space, _columns(space, tokens))


def satisfied_patterns(space: PatternSpace, names: Sequence[str], tokens: np.ndarray) -> np.ndarray:
    """bool [n, P]: which sequences of tokens [n, T] satisfy which of the patterns, one column each."""
    columns = _columns(space, tokens)
    return np.stack([definition(name).holds(space, columns) for name in names], axis=1)


def sequences_in_order(space: PatternSpace, first: int, end: int) -> np.ndarray:
    """uint8 [end - first, T]: the sequences at these places of the space in the order of a dictionary."""
    shape = (space.vocab_size,) * space.sequence_length
    return np.stack(np.unravel_index(np.arange(first, end), shape), axis=1).astype(np.uint8)


def to_text(space: PatternSpace, tokens: np.ndarray) -> list[str]:
    """The sequences of tokens uint8 [n, T] as letters, "ABCDEFG"."""
    letters = np.ascontiguousarray(_columns(space, tokens).T) + np.uint8(ord("A"))
    return letters.view(f"S{space.sequence_length}")[:, 0].astype(str).tolist()


def from_text(space: PatternSpace, texts: Sequence[str]) -> np.ndarray:
    """uint8 [n, T]: the tokens of sequences written as letters, the reverse of `to_text`.

    Raises UserError for a sequence of another length or with a letter outside the vocabulary.
    """
    for number, text in enumerate(texts, start=1):
        if len(text) != space.sequence_length or not set(text) <= set(space.letters):
            raise UserError(
                f"sequence {number} is {one_line(repr(text), 60)}; "
                f"it must be {space.sequence_length} letters from A to {space.letters[-1]}"
            )
    tokens = np.frombuffer("".join(texts).encode("ascii"), dtype=np.uint8) - np.uint8(ord("A"))
    return tokens.reshape(len(texts), space.sequence_length)


def row_keys(tokens: np.ndarray) -> np.ndarray:
    """bytes [n]: one key a row of a uint8 array [n, T]; keys compare as the rows do, lexicographically.

    Only between rows of one length (NumPy's fixed-length bytes are padded with zeros, which token 0 is too).
    """
    return np.ascontiguousarray(tokens, dtype=np.uint8).view(f"S{tokens.shape[1]}")[:, 0]


def row_codes(tokens: np.ndarray) -> np.ndarray:
    """Sequences, uint8 [n, T], as n whole numbers that are equal where they are: these sort far faster than bytes."""
    count, length = tokens.shape
    words = np.zeros((count, -(-length // _WORD) * _WORD), np.uint8)
    words[:, :length] = tokens
    first, *others = words.view(np.uint64).T
    codes = first
    for word in others:  # two words as one number: the rank of one and that of the other
        high, low = (np.searchsorted(distinct(part), part) for part in (codes, word))
        codes = high * (low.max() + 1) + low
    return codes


def _columns(space: PatternSpace, tokens: np.ndarray) -> np.ndarray:
    """uint8 [T, n]: one contiguous row a position, so that every predicate runs along memory."""
    tokens = np.asarray(tokens)
    if tokens.ndim != 2 or tokens.shape[1] != space.sequence_length:
        raise ValueError(f"tokens have shape {tokens.shape}, not [n, {space.sequence_length}]")
    return np.ascontiguousarray(tokens.T, dtype=np.uint8)
