"""The definitions written a second time: patterns, their space and the network, apart from the pipeline's own.

Plain numpy, slow where that is simpler: what the pipeline computes in another way is held against this.
"""

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

LARGEST_SPACE = 5_000_000


def _mountain(x: np.ndarray) -> np.ndarray:
    """There is a place that everything before climbs to, everything after falls from, and both ends lie below."""
    found = np.zeros(x.shape[1], bool)
    for peak in range(1, len(x) - 1):
        climbs = (np.sort(x[: peak + 1], axis=0) == x[: peak + 1]).all(0)
        falls = (np.sort(x[peak:], axis=0)[::-1] == x[peak:]).all(0)
        found |= climbs & falls & (x[0] < x[peak]) & (x[-1] < x[peak])
    return found


def _distinct(x: np.ndarray) -> np.ndarray:
    ordered = np.sort(x, axis=0)
    return 1 + (ordered[1:] != ordered[:-1]).sum(0)


def predicates(start: int, end: int) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """By name, which of the sequences x, integers [T, N], satisfy the pattern: bool [N].

    `start` and `end` are the tokens that two of them ask for; token 0 is A.
    """
    vowels = [ord(letter) - ord("A") for letter in "AEIOU"]
    return {
        "all_same": lambda x: _distinct(x) == 1,
        "palindrome": lambda x: (x == x[::-1]).all(0),
        "sorted_ascending": lambda x: (np.sort(x, axis=0) == x).all(0),
        "sorted_descending": lambda x: (np.sort(x, axis=0)[::-1] == x).all(0),
        "alternating": lambda x: (_distinct(x) == 2) & (np.diff(x, axis=0) != 0).all(0),
        "contains_abc": lambda x: np.any([(x[i : i + 3].T == [0, 1, 2]).all(1) for i in range(len(x) - 2)], axis=0),
        "starts_with": lambda x: x[0] == start,
        "ends_with": lambda x: x[-1] == end,
        "no_repeats": lambda x: _distinct(x) == len(x),
        "has_majority": lambda x: np.any([2 * (x == token).sum(0) > len(x) for token in range(x.max() + 1)], axis=0),
        "increasing_pairs": lambda x: np.all([x[i + 1] > x[i] for i in range(0, len(x) - 1, 2)], axis=0),
        "decreasing_pairs": lambda x: np.all([x[i + 1] < x[i] for i in range(0, len(x) - 1, 2)], axis=0),
        "vowel_consonant": lambda x: (np.diff(np.isin(x, vowels).astype(int), axis=0) != 0).all(0),
        "first_last_match": lambda x: x[0] == x[-1],
        "mountain_pattern": _mountain,
    }


class Space:
    """All sequences, and of each which enabled patterns it satisfies and is one token away from."""

    def __init__(self, patterns: Mapping[str, Any]) -> None:
        self.vocab_size, self.length = patterns["vocab_size"], patterns["sequence_length"]
        self.size = self.vocab_size**self.length
        if self.size > LARGEST_SPACE:
            sys.exit(f"{self.vocab_size} ** {self.length} sequences are too many to enumerate")
        self.names = list(patterns["enabled"])
        self.powers = self.vocab_size ** np.arange(self.length - 1, -1, -1)
        self.tokens = (np.arange(self.size)[:, None] // self.powers % self.vocab_size).astype(np.int8)
        start, end = (ord(patterns[key]) - ord("A") for key in ("starts_with", "ends_with"))
        defined = predicates(start, end)
        if lacking := [name for name in self.names if name not in defined]:
            sys.exit(f"{', '.join(lacking)}: not among the predicates of benchmarks/second_definitions.py")
        columns = np.ascontiguousarray(self.tokens.T)
        self.satisfied = np.stack([defined[name](columns) for name in self.names])
        self.near = np.stack([self._one_token_away(members) for members in self.satisfied])
        self.counts = self.satisfied.sum(1).tolist()
        self.cells = self.bits(range(len(self.names)), self.satisfied)

    def _one_token_away(self, members: np.ndarray) -> np.ndarray:
        grid = members.reshape((self.vocab_size,) * self.length)
        reached = np.zeros_like(grid)
        for position in range(self.length):
            reached |= grid.any(axis=position, keepdims=True)
        return (reached & ~grid).ravel()

    @staticmethod
    def bits(patterns: Sequence[int], satisfied: np.ndarray | None = None) -> Any:
        """These patterns as a bit mask; or, with `satisfied` [P, N], the masks of N sequences."""
        if satisfied is None:
            return sum(1 << pattern for pattern in patterns)
        return sum(satisfied[pattern].astype(np.int32) << pattern for pattern in patterns)

    def rows(self, tokens: np.ndarray) -> np.ndarray:
        """Where the sequences tokens [n, T] stand in the enumeration."""
        return tokens.astype(np.int64) @ self.powers


_ERF_AT = np.linspace(-6, 6, 1 << 17)
_ERF = np.array([math.erf(value) for value in _ERF_AT])  # between its points within 1e-9
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "tanh": np.tanh,
    "sigmoid": lambda x: 0.5 + 0.5 * np.tanh(x / 2),
    "gelu": lambda x: 0.5 * x * (1 + np.interp(x / math.sqrt(2), _ERF_AT, _ERF)),
}


class Network:
    """A network from its text: a JSON object of `config` and `weights`."""

    def __init__(self, text: str) -> None:
        parsed = json.loads(text)
        self.config, self.tensors = parsed["config"], parsed["weights"]
        places = sorted({int(name.split(".")[1]) for name in self.tensors})
        self.layers = [
            [np.array(self.tensors[f"network.{place}.{part}"], float) for part in ("weight", "bias")]
            for place in places
        ]

    def logits(self, tokens: np.ndarray) -> np.ndarray:
        """Of tokens [n, T], float64 [n]."""
        return self.run(tokens)[1]

    def run(self, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(activations of the last hidden layer [n, neurons], logits [n]); dropout does nothing outside training."""
        if self.config["input_encoding"] == "ordinal":
            values = tokens.astype(float)
        else:
            values = np.eye(self.config["vocab_size"])[tokens].reshape(len(tokens), -1)
        activation = ACTIVATIONS[self.config["activation_type"]]
        for weight, bias in self.layers[:-1]:
            values = activation(values @ weight.T + bias)
        weight, bias = self.layers[-1]
        return values, (values @ weight.T + bias)[:, 0]
