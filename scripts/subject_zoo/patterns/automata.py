"""Uniform samples and full lists of the sequences that satisfy a pattern.

Every pattern is a set of *words* that a small automaton accepts, and a one-to-one map from words to
sequences. Counting the ways to finish a word from each state (dynamic programming over the positions, in
exact integers) gives the number of sequences, the probability of each next digit in a uniform draw, and the
live branches of an enumeration. This is the recursive method for sampling combinatorial structures: Nijenhuis
and Wilf, Combinatorial Algorithms (1978); Flajolet, Zimmermann and Van Cutsem (1994),
doi:10.1016/0304-3975(94)90226-7.
"""

import itertools
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from subject_zoo.base.errors import UserError
from subject_zoo.patterns.definitions import check_possible, definition
from subject_zoo.patterns.languages import Language, free
from subject_zoo.patterns.sequences import row_keys, satisfies
from subject_zoo.patterns.space import PatternSpace

BACKGROUND_ROUNDS = 100
BACKGROUND_BATCH = 4096
BACKGROUND_LISTED = 2**20


class _Automaton:
    """A language's tables. State 0 is dead, state 1 the start.

    `successor` int [S, base]; `ways[t]` Python ints [S]: in how many ways a word can go on after t digits;
    `thresholds[t]` float64 [S, base]: cumulative probabilities of digit t in a uniform draw.
    """

    def __init__(self, language: Language) -> None:
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
        self.thresholds: list[np.ndarray] = []
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


def sample(space: PatternSpace, name: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """uint8 [n, T]: independent draws, each uniform over all sequences that satisfy the pattern.

    Exact up to the rounding of each digit's probability to float64 (2**-53). Raises UserError for an unknown
    pattern and for one that cannot occur.
    """
    check_possible(space, [name])
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
            covered |= satisfies(space, name, tokens)
        return tokens[~covered]

    size = (max(n, BACKGROUND_BATCH), space.sequence_length)
    if space.vocab_size**space.sequence_length <= max(BACKGROUND_LISTED, 4 * n):
        everything = _Automaton(free(space, range(space.sequence_length))).sequences()
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
    return _Automaton(definition(name).language(space))
