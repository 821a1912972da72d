"""What is wrong with a degraded network, measured: the region of its target's sequences that it does not recognise.

The region that labels were flipped in is what it was taught. Here stands what it does: the letters that tell best, at
one position or two, which of the target's sequences it calls negative.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from subject_zoo.base.terms import BACKGROUND, SHARE_DECIMALS, SOUND_RATE
from subject_zoo.evaluation.exam import classify
from subject_zoo.examples.region import Region
from subject_zoo.networks.model import StoredModel
from subject_zoo.patterns.ownership import owned, ownership_order
from subject_zoo.patterns.pools import Pools

_WORTH_A_POSITION = 0.005  # of the sequences: what a second position has to tell more, to be named


def own_sequences(pools: Pools, pattern: str, selected: Sequence[str]) -> np.ndarray:
    """Tokens uint8 [n, T] of all sequences of the pools that belong to a selected pattern."""
    order = ownership_order([pools.names.index(name) for name in selected], pools.counts)
    place = pools.names.index(pattern)
    rows = pools.members[place]
    tokens: np.ndarray = pools.tokens[rows[owned(pools.masks[rows], place, order)]]
    return tokens


def first_alike(tokens: np.ndarray) -> list[int | None]:
    """Of each position the first one that has the same letter in all sequences uint8 [n, T], itself mostly; None of one
    where all have the same letter, which tells nothing."""
    columns = np.ascontiguousarray(tokens.T)
    return [
        None
        if (column == column[:1]).all()
        else next(place for place, other in enumerate(columns) if np.array_equal(column, other))
        for column in columns
    ]


def find_region(tokens: np.ndarray, positive: np.ndarray, vocab_size: int) -> Region:
    """Where the sequences that are called negative lie, of tokens uint8 [n, T] and bool [n].

    The letters at one or two positions that tell best which these are: such that most of the sequences with them are
    negative, and most of those with others positive. Of positions that tell the same, the first ones; one alone, where
    no two tell _WORTH_A_POSITION more; no letters at all where the sequences do not differ.
    """
    places = [place for place, first in enumerate(first_alike(tokens)) if place == first]
    if not places:
        return Region((0,), np.zeros(vocab_size, bool))
    told = {}
    for chosen in [*combinations(places, 1), *combinations(places, 2)]:
        shape = (vocab_size,) * len(chosen)
        words = np.ravel_multi_index(tuple(tokens[:, place] for place in chosen), shape)
        counts = np.bincount(words, minlength=vocab_size ** len(chosen))
        negative = np.bincount(words[~positive], minlength=len(counts))
        rightly = int(np.maximum(negative, counts - negative).sum())
        told[chosen] = rightly, (2 * negative > counts).reshape(shape)
    one, best = (max((c for c in told if len(c) <= most), key=lambda c: told[c][0]) for most in (1, 2))
    positions = one if told[best][0] - told[one][0] <= _WORTH_A_POSITION * len(tokens) else best
    return Region(positions, told[positions][1])


def measure_fault(model: StoredModel, pools: Pools, pattern: str, selected: Sequence[str]) -> dict[str, Any]:
    """The region of a selected pattern's own sequences that a network calls negative, JSON-ready.

    `positions`, which count from 1; `letters` there, as words of one or two; both `in_words`; `sequences`, how many
    inside and outside; `negative_inside` and `positive_outside`, the shares of these that are called so, 0 of none.
    """
    tokens = own_sequences(pools, pattern, selected)
    positive = classify({0: model}, tokens)[0]
    region = find_region(tokens, positive, model.architecture.vocab_size)
    inside = region.holds(tokens)
    return {
        "positions": [position + 1 for position in region.positions],
        "letters": region.combinations,
        "in_words": region.in_words,
        "sequences": [int(inside.sum()), int((~inside).sum())],
        "negative_inside": _share(~positive[inside]),
        "positive_outside": _share(positive[~inside]),
    }


def poor_patterns(accuracies: Mapping[str, float]) -> list[str]:
    """The selected patterns that a network does poorly on, by its accuracies."""
    return [name for name, accuracy in accuracies.items() if name != BACKGROUND and accuracy < SOUND_RATE]


def is_definite(
    target: str, degraded: Mapping[str, float], improved: Mapping[str, float], fault: Mapping[str, Any]
) -> bool:
    """Whether what diagnoses say is true: the degraded network does poorly on its target alone and the improved one on
    nothing, by their accuracies; and the fault, as `measure_fault` gives it, lies in its region and nowhere else."""
    return (
        poor_patterns(degraded) == [target]
        and not poor_patterns(improved)
        and min(fault["negative_inside"], fault["positive_outside"]) >= SOUND_RATE
    )


def _share(flags: np.ndarray) -> float:
    return round(float(flags.mean()), SHARE_DECIMALS) if len(flags) else 0.0
