"""What is true of single sequences, in plain Python: the reference that datasets and verdicts are held against."""

import itertools
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from subject_zoo.base.randomness import ProjectPurpose, project_generator
from subject_zoo.patterns.counting import count
from subject_zoo.patterns.space import PatternSpace, pattern_space
from tests.plain_patterns import truth

_truth = lru_cache(maxsize=2**18)(truth)


class PlainSequences:
    """The sequences of a configuration as text, and what holds for them."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.space: PatternSpace = pattern_space(config["patterns"])
        self.enabled: list[str] = config["patterns"]["enabled"]
        self.letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: config["patterns"]["vocab_size"]]
        self.length: int = config["patterns"]["sequence_length"]
        self.test, self.probe = config["dataset"]["test_fraction"], config["dataset"]["probe_fraction"]
        fewest = config["dataset"]["min_holdout"]
        self.rare = {name for name in self.enabled if count(self.space, name) < fewest}  # none of it held out
        self.salt = int(project_generator(config["seed"], ProjectPurpose.SLICES).integers(2**63))

    def texts(self, tokens: np.ndarray) -> list[str]:
        return ["".join(self.letters[token] for token in row) for row in tokens.tolist()]

    def everything(self) -> list[str]:
        return ["".join(letters) for letters in itertools.product(self.letters, repeat=self.length)]

    def satisfied(self, text: str) -> set[str]:
        """The enabled patterns that a sequence satisfies."""
        holds = _truth(self.space, text)
        return {name for name in self.enabled if holds[name]}

    def one_token_away(self, text: str) -> Iterator[str]:
        for place, letter in itertools.product(range(self.length), self.letters):
            if letter != text[place]:
                yield text[:place] + letter + text[place + 1 :]

    def slice_of(self, text: str) -> str:
        """shared where it satisfies a rare pattern, else train, test or probe."""
        return "shared" if self.satisfied(text) & self.rare else self.hashed_slice(text)

    def hashed_slice(self, text: str) -> str:
        """train, test or probe, by SplitMix64's finaliser folded over the tokens, in Python's integers."""
        state = self.salt
        for letter in text:
            state = (state + self.letters.index(letter) + 0x9E3779B97F4A7C15) % 2**64
            state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
            state = (state ^ state >> 27) * 0x94D049BB133111EB % 2**64
            state ^= state >> 31
        share = (state >> 11) / 2**53
        if share < self.probe:
            return "probe"
        return "test" if share < self.test + self.probe else "train"
