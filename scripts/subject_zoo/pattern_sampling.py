"""Exact counts, uniform samples and full lists of the sequences that satisfy a pattern.

Every pattern is a set of *words* that a small automaton accepts, and a one-to-one map from words to
sequences. Counting the ways to finish a word from each state (dynamic programming over the positions, in
exact integers) gives the number of sequences, the probability of each next digit in a uniform draw, and the
live branches of an enumeration. This is the recursive method for sampling combinatorial structures: Nijenhuis
and Wilf, Combinatorial Algorithms (1978); Flajolet, Zimmermann and Van Cutsem (1994),
doi:10.1016/0304-3975(94)90226-7.
"""

import itertools
import operator
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from subject_zoo.errors import UserError
from subject_zoo.patterns import LETTERS, VOWELS, PatternSpace, require_known

BACKGROUND_ROUNDS = 100
BACKGROUND_BATCH = 4096
BACKGROUND_LISTED = 2**20

State = Hashable


@dataclass(frozen=True)
class _Language:
    """Words of `length` digits below `base` that an automaton accepts, and the sequence that each stands for.

    `step(state, digit)` is the next state, or None where no word goes on so; `decode` maps words uint8
    [n, length] one-to-one to sequences uint8 [n, T].
    """

    base: int
    length: int
    start: State
    step: Callable[[State, int], State | None]
    accepts: Callable[[State], bool] = lambda state: True
    decode: Callable[[np.ndarray], np.ndarray] = lambda words: words


class _Automaton:
    """A language's tables. State 0 is dead, state 1 the start.

    `successor` int [S, base]; `ways[t]` Python ints [S]: in how many ways a word can go on after t digits;
    `thresholds[t]` float64 [S, base]: cumulative probabilities of digit t in a uniform draw.
    """

    def __init__(self, language: _Language) -> None:
        self.decode = language.decode
        states = {None: 0, language.start: 1}
        rows = [[0] * language.base]
        queue = [language.start]
        for state in queue:  # the queue grows while it is read: a breadth-first search
            following = [language.step(state, digit) for digit in range(language.base)]
            for new in following:
                if new not in states:
                    states[new] = len(states)
                    queue.append(new)
            rows.append([states[new] for new in following])
        self.successor = np.array(rows)

        self.ways = [np.array([0, *(int(language.accepts(state)) for state in queue)], dtype=object)]
        self.thresholds = []
        for _ in range(language.length):
            branches = np.cumsum(self.ways[0][self.successor], axis=1)
            self.ways.insert(0, branches[:, -1])
            # Python's int / int is correctly rounded: a live state's last threshold is exactly 1, a dead
            # branch has no share, and no threshold is off by more than 2**-53.
            shares = branches / np.maximum(branches[:, -1:], 1)
            self.thresholds.insert(0, shares.astype(np.float64))

    @property
    def count(self) -> int:
        return self.ways[0][1]

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """uint8 [n, T]: n independent uniform draws; one rng.random(n) a digit."""
        words = np.zeros((n, len(self.thresholds)), dtype=np.uint8)
        states = np.ones(n, dtype=np.intp)
        for position, thresholds in enumerate(self.thresholds):
            draws = rng.random(n)
            for threshold in np.ascontiguousarray(thresholds.T):
                words[:, position] += draws >= threshold[states]
            states = self.successor[states, words[:, position]]
        return self.decode(words)

    def sequences(self) -> np.ndarray:
        """uint8 [count, T]: every sequence, in the order of the words."""
        words = np.zeros((1, 0), dtype=np.uint8)
        states = np.ones(1, dtype=np.intp)
        for ways in self.ways[1:]:
            live = (ways > 0)[self.successor]
            parents, digits = np.nonzero(live[states])
            words = np.column_stack([words[parents], digits.astype(np.uint8)])
            states = self.successor[states[parents], digits]
        return self.decode(words)


def count(space: PatternSpace, name: str) -> int:
    """The exact number of sequences that satisfy the pattern, 0 where it cannot occur.

    Raises UserError for an unknown pattern.
    """
    return _automaton(space, name).count


def sample(space: PatternSpace, name: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """uint8 [n, T]: independent draws, each uniform over all sequences that satisfy the pattern.

    Exact up to the rounding of each digit's probability to float64 (2**-53). Raises UserError for an unknown
    pattern and for one that cannot occur.
    """
    space.check([name])
    return _automaton(space, name).sample(n, rng)


def enumerate_pattern(space: PatternSpace, name: str) -> np.ndarray:
    """uint8 [count, T]: all sequences that satisfy the pattern, in lexicographic order.

    Takes time and memory in proportion to count. Raises UserError for an unknown pattern.
    """
    return _lexicographic(_automaton(space, name).sequences())


def sample_distinct(space: PatternSpace, name: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """uint8 [min(n, count), T]: distinct sequences that satisfy the pattern, in lexicographic order.

    Every set of that size is equally likely. Where n is at least half of all sequences, these are listed and
    chosen from; else repeats are drawn again, and a draw repeats an earlier one half of the time at most.
    Raises UserError for an unknown pattern.
    """
    automaton = _automaton(space, name)
    if automaton.count <= 2 * n:
        return _choose(enumerate_pattern(space, name), n, rng)
    batches = (automaton.sample(size, rng) for size in itertools.repeat(n))
    return _first_distinct(batches, n, space.sequence_length)


def sample_background(space: PatternSpace, names: Sequence[str], n: int, rng: np.random.Generator) -> np.ndarray:
    """uint8 [at most n, T]: distinct sequences that satisfy none of the patterns, in lexicographic order.

    Every set of that size is equally likely. Fewer than n come only where fewer exist, or where a space too
    large to list (more than BACKGROUND_LISTED and 4 n sequences) yields fewer in BACKGROUND_ROUNDS batches of
    n, at least BACKGROUND_BATCH, draws. Raises UserError, naming `patterns.enabled`, for an unknown pattern
    and where no sequence is found.
    """

    def uncovered(tokens: np.ndarray) -> np.ndarray:
        covered = np.zeros(len(tokens), dtype=bool)
        for name in names:
            covered |= space.predicate(name, tokens)
        return tokens[~covered]

    size = (max(n, BACKGROUND_BATCH), space.sequence_length)
    if space.vocab_size**space.sequence_length <= max(BACKGROUND_LISTED, 4 * n):
        everything = _Automaton(_free(space, range(space.sequence_length))).sequences()
        background = _choose(uncovered(everything), n, rng)
    else:
        batches = (
            uncovered(rng.integers(space.vocab_size, size=size, dtype=np.uint8)) for _ in range(BACKGROUND_ROUNDS)
        )
        background = _first_distinct(batches, n, space.sequence_length)
    if n > 0 and len(background) == 0:
        raise UserError(
            f"patterns.enabled: (nearly) every sequence of {space.sequence_length} from {space.vocab_size} "
            f"letters satisfies one of {', '.join(names)}; enable fewer patterns, so that some satisfy none"
        )
    return background


def row_keys(tokens: np.ndarray) -> np.ndarray:
    """bytes [n]: one key a row of a uint8 array [n, T]; keys compare as the rows do, lexicographically.

    Only between rows of one length (NumPy's fixed-length bytes are padded with zeros, which token 0 is too).
    """
    return np.ascontiguousarray(tokens, dtype=np.uint8).view(f"S{tokens.shape[1]}")[:, 0]


def _lexicographic(tokens: np.ndarray) -> np.ndarray:
    return np.sort(row_keys(tokens)).view(np.uint8).reshape(tokens.shape)


def _choose(tokens: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """n of the rows, or all where there are fewer, in their order."""
    if len(tokens) <= n:
        return tokens
    return tokens[np.sort(rng.choice(len(tokens), n, replace=False))]


def _first_distinct(batches: Iterable[np.ndarray], n: int, length: int) -> np.ndarray:
    """The first n distinct rows of batches uint8 [m, length], or all if they end; in lexicographic order."""
    found = np.zeros((0, length), dtype=np.uint8)
    for batch in batches:
        drawn = np.concatenate([found, batch])
        _, first = np.unique(row_keys(drawn), return_index=True)
        found = drawn[np.sort(first)][:n]
        if len(found) == n:
            break
    return _lexicographic(found)


@lru_cache(maxsize=64)
def _automaton(space: PatternSpace, name: str) -> _Automaton:
    require_known(name)
    return _Automaton(_LANGUAGES[name](space))


def _free(space: PatternSpace, columns: Sequence[int]) -> _Language:
    """Any tokens, as many as `columns` names, and then these columns."""
    return _Language(
        space.vocab_size,
        len(set(columns)),
        start=0,
        step=lambda state, token: state,
        decode=lambda words: words[:, columns],
    )


def _all_different(space: PatternSpace, columns: Sequence[int]) -> _Language:
    """Distinct tokens, as many as `columns` names, and then these columns.

    Digit t of a word is the rank of token t among the letters left (the Lehmer code), which keeps the order.
    """
    length = len(set(columns))

    def decode(words: np.ndarray) -> np.ndarray:
        words = words.copy()
        for position in range(length - 2, -1, -1):
            words[:, position + 1 :] += words[:, position + 1 :] >= words[:, position, None]
        return words[:, columns]

    return _Language(
        space.vocab_size,
        length,
        start=0,
        step=lambda used, rank: used + 1 if rank < space.vocab_size - used else None,
        decode=decode,
    )


def _all_same(space: PatternSpace) -> _Language:
    return _free(space, [0] * space.sequence_length)


def _palindrome(space: PatternSpace) -> _Language:
    return _free(space, [min(i, space.sequence_length - 1 - i) for i in range(space.sequence_length)])


def _sorted_ascending(space: PatternSpace) -> _Language:
    return _Language(
        space.vocab_size,
        space.sequence_length,
        start=0,
        step=lambda last, token: token if token >= last else None,
    )


def _sorted_descending(space: PatternSpace) -> _Language:
    return _Language(
        space.vocab_size,
        space.sequence_length,
        start=space.vocab_size - 1,
        step=lambda last, token: token if token <= last else None,
    )


def _alternating(space: PatternSpace) -> _Language:
    return _all_different(space, [i % 2 for i in range(space.sequence_length)])


def _contains_abc(space: PatternSpace) -> _Language:
    def step(matched: int, token: int) -> int:
        if matched == 3:
            return matched
        return matched + 1 if token == matched else int(token == 0)

    return _Language(space.vocab_size, space.sequence_length, start=0, step=step, accepts=lambda matched: matched == 3)


def _starts_with(space: PatternSpace) -> _Language:
    return _Language(
        space.vocab_size,
        space.sequence_length,
        start=False,
        step=lambda begun, token: True if begun or token == space.starts_with else None,
    )


def _ends_with(space: PatternSpace) -> _Language:
    return _Language(
        space.vocab_size,
        space.sequence_length,
        start=False,
        step=lambda last_fits, token: token == space.ends_with,
        accepts=lambda last_fits: last_fits,
    )


def _no_repeats(space: PatternSpace) -> _Language:
    return _all_different(space, range(space.sequence_length))


def _has_majority(space: PatternSpace) -> _Language:
    """Words: the majority token, which is unique, then each token's distance from it modulo vocab_size."""
    needed = space.sequence_length // 2 + 1

    def step(zeros: int | str, digit: int) -> int:
        if zeros == "start":
            return 0
        return min(zeros + (digit == 0), needed)

    return _Language(
        space.vocab_size,
        space.sequence_length + 1,
        start="start",
        step=step,
        accepts=lambda zeros: zeros == needed,
        decode=lambda words: (words[:, :1] + words[:, 1:]) % space.vocab_size,
    )


def _pairs(space: PatternSpace, in_order: Callable[[int, int], bool]) -> _Language:
    """The state is the pair's first token, or -1 between pairs; of odd length, the last token is free."""

    def step(first: int, token: int) -> int | None:
        if first == -1:
            return token
        return -1 if in_order(first, token) else None

    return _Language(space.vocab_size, space.sequence_length, start=-1, step=step)


def _increasing_pairs(space: PatternSpace) -> _Language:
    return _pairs(space, operator.lt)


def _decreasing_pairs(space: PatternSpace) -> _Language:
    return _pairs(space, operator.gt)


def _vowel_consonant(space: PatternSpace) -> _Language:
    def step(after_vowel: bool | str, token: int) -> bool | None:
        vowel = LETTERS[token] in VOWELS
        return vowel if vowel != after_vowel else None

    return _Language(space.vocab_size, space.sequence_length, start="start", step=step)


def _first_last_match(space: PatternSpace) -> _Language:
    return _free(space, [*range(space.sequence_length - 1), 0])


def _mountain_pattern(space: PatternSpace) -> _Language:
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

    return _Language(
        space.vocab_size,
        space.sequence_length,
        start=("start", 0),
        step=step,
        accepts=lambda state: state[0] == "falling",
    )


_LANGUAGES: dict[str, Callable[[PatternSpace], _Language]] = {
    "all_same": _all_same,
    "palindrome": _palindrome,
    "sorted_ascending": _sorted_ascending,
    "sorted_descending": _sorted_descending,
    "alternating": _alternating,
    "contains_abc": _contains_abc,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "no_repeats": _no_repeats,
    "has_majority": _has_majority,
    "increasing_pairs": _increasing_pairs,
    "decreasing_pairs": _decreasing_pairs,
    "vowel_consonant": _vowel_consonant,
    "first_last_match": _first_last_match,
    "mountain_pattern": _mountain_pattern,
}
