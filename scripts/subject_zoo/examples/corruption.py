"""Which labels stage 1 is taught wrongly: those of one region of the target pattern, or random ones.

A region gives the network one definite fault, and leaves it right on the rest of the pattern. Where labels are flipped
at random it grows unsure of all of it, or says no to everything, and one raised bias mends that.
"""

import numpy as np

from subject_zoo.examples.region import Region


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
