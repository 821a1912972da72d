"""Which labels stage 1 is taught wrongly: those of one region of the target pattern, or random ones.

A region gives the network one definite fault, and leaves it right on the rest of the pattern. Where labels are flipped
at random it grows unsure of all of it, or says no to everything, and one raised bias mends that.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from subject_zoo.patterns.space import LETTERS


@dataclass(frozen=True)
class Region:
    """The sequences that have one of certain pairs of letters at two positions.

    `positions` count from 0, ascending; `pairs` bool [V, V], by the letter at the first and the one at the second.
    """

    positions: tuple[int, int]
    pairs: np.ndarray

    def holds(self, tokens: np.ndarray) -> np.ndarray:
        """Whether each sequence of tokens uint8 [n, T] is in the region, bool [n]."""
        first, second = self.positions
        holds: np.ndarray = self.pairs[tokens[:, first], tokens[:, second]]
        return holds

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: `positions`, which count from 1; `letters`, those at the second position by that at the first;
        and both `in_words`. Letters that no sequence in question had there do not occur.
        """
        one, other = (position + 1 for position in self.positions)
        letters = {
            LETTERS[first]: "".join(LETTERS[second] for second in np.flatnonzero(row))
            for first, row in enumerate(self.pairs)
            if row.any()
        }
        pairs = "; ".join(f"{first} and {', '.join(seconds)}" for first, seconds in letters.items())
        in_words = f"the letters at positions {one} and {other} are {pairs}" if letters else "no sequence"
        return {"positions": [one, other], "letters": letters, "in_words": in_words}


def draw_region(tokens: np.ndarray, share: float, vocab_size: int, rng: np.random.Generator) -> Region:
    """A region that holds as near to `share` of the distinct sequences, tokens uint8 [n, T], as whole pairs can.

    Two positions are drawn, and a score for each letter at each of them; the pairs with the lowest sums are in.
    """
    first, second = sorted(rng.permutation(tokens.shape[1])[:2].tolist())
    scores = rng.random((2, vocab_size))
    pairs = tokens[:, first].astype(np.intp) * vocab_size + tokens[:, second]
    counts = np.bincount(pairs, minlength=vocab_size**2)
    order = np.argsort((scores[0][:, None] + scores[1]).ravel(), kind="stable")
    order = order[counts[order] > 0]
    held = np.concatenate([[0], np.cumsum(counts[order])])
    cut = int(np.argmin(np.abs(held - share * len(tokens))))
    chosen = np.zeros(vocab_size**2, bool)
    chosen[order[:cut]] = True
    return Region((first, second), chosen.reshape(vocab_size, vocab_size))
