"""Records as tokens: a digit is one, with the sign before it and the point or comma behind it.

So a weight has the same place in all prompts of one architecture. What all prompts begin with is one token, and what
all end with: instructions, which no record changes, cost two. Pattern names and the comma between them are tokens too.
Tokens joined are the text, to the character.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow.parquet as pq
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<end>"  # of a completion; prompts are filled up with it to one length
UNKNOWN = "<unknown>"
_OF_NUMBERS = "-., 0123456789"
_DIGIT = r"-?\d\.? *,?"

Record = tuple[int, str, str]  # id, prompt, completion


def read_records(folder: Path, split: str) -> list[Record]:
    """The classification records of a dataset's split, in the tables' order."""
    columns = ["example_id", "prompt", "completion"]
    paths = sorted((folder / "classification" / split).glob("*.parquet"))
    rows = [row for path in paths for row in pq.read_table(path, columns=columns).to_pylist()]
    return [(row["example_id"], row["prompt"], row["completion"]) for row in rows]


def tokenizer_of(records: Sequence[Record], names: Sequence[str]) -> Tokenizer:
    """A tokenizer with the tokens of these records, whose patterns have these names."""
    tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    alternatives = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(f"{_DIGIT}|{alternatives}|, "), "isolated")
    tokenizer.decoder = decoders.Fuse()
    trainer = trainers.WordLevelTrainer(special_tokens=[END, UNKNOWN], show_progress=False)
    tokenizer.train_from_iterator((text for _, *texts in records for text in texts), trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in shared_ends([r[1] for r in records])])
    return tokenizer


def shared_ends(texts: Sequence[str]) -> tuple[str, str]:
    """What all texts begin with and what all end with, without numbers that stand next to what differs."""
    first, last = (_beginning([text[::step] for text in texts])[::step] for step in (1, -1))
    return first.rstrip(_OF_NUMBERS), last.lstrip(_OF_NUMBERS)


def _beginning(texts: Sequence[str]) -> str:
    """What all texts begin with: what the first and the last of them in order do."""
    low, high = min(texts), max(texts)
    return low[: next((place for place, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))]


@dataclass(frozen=True)
class Texts:
    """n records as tokens.

    prompts      int64 [n, T], filled up in front: all end at one place
    completions  int64 [n, C], each with END behind it, and filled up with that
    lengths      int64 [n]: tokens of each completion, with its first END
    """

    prompts: np.ndarray
    completions: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, records: Sequence[Record], tokenizer: Tokenizer) -> Self:
        _, prompts, completions = zip(*records, strict=True)
        asked = [encoded.ids for encoded in tokenizer.encode_batch(list(prompts))]
        answered = [encoded.ids for encoded in tokenizer.encode_batch(list(completions))]
        end = tokenizer.token_to_id(END)
        width, room = max(map(len, asked)), max(map(len, answered)) + 1
        return cls(
            np.array([[end] * (width - len(tokens)) + tokens for tokens in asked]),
            np.array([tokens + [end] * (room - len(tokens)) for tokens in answered]),
            np.array([len(tokens) + 1 for tokens in answered]),
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def rows(self, chosen: np.ndarray) -> Self:
        """Some of the records."""
        return type(self)(*(array[chosen] for array in vars(self).values()))

    def dealt_out(self, seed: int) -> Self:
        """The same completions, each behind the prompt of another record."""
        order = np.random.default_rng(seed).permutation(len(self))
        prompts = self.prompts.copy()
        prompts[order] = self.prompts[np.roll(order, 1)]
        return type(self)(prompts, self.completions, self.lengths)
