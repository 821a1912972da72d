"""Models measured on all sequences of their space: what no sample of them can tell."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from subject_zoo.base.terms import BACKGROUND, SHARE_DECIMALS
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.model import StoredModel
from subject_zoo.patterns.ownership import bits_of, negative
from subject_zoo.patterns.pools import Pools
from subject_zoo.patterns.sequences import satisfied_patterns, sequences_in_order
from subject_zoo.patterns.slices import Slice, slices_of
from subject_zoo.patterns.space import PatternSpace

_CHUNK = 1 << 16  # sequences that are looked at together, so that memory does not grow with the space
_ROOM = 1 << 2  # for a Slice beside a mask in one number


class WholeSpace:
    """All sequences of a project's space, those together that are of one slice and satisfy the same enabled patterns.

    Such a set is a class: figures of a model follow from how many sequences of each class it calls positive.
    `members` says of each enabled pattern how many sequences it has: those that are trained on ("train"), those that
    test ("test"), and "all". A pattern that is not held out has the same to train on and to test on.
    """

    def __init__(self, space: PatternSpace, pools: Pools, seed: int, dataset: Mapping[str, Any]) -> None:
        """`dataset` is the config's section, or the part of it that says how large slices are."""
        self._names, self.size = pools.names, space.size
        codes = np.empty(space.size, np.uint32)
        for first in range(0, space.size, _CHUNK):
            tokens = sequences_in_order(space, first, min(first + _CHUNK, space.size))
            masks = satisfied_patterns(space, pools.names, tokens) @ (1 << np.arange(len(pools.names)))
            slices = slices_of(tokens, seed, dataset["test_fraction"], dataset["probe_fraction"])
            slices[~negative(masks, [i for i, held_out in enumerate(pools.held_out) if not held_out])] = Slice.SHARED
            codes[first : first + len(tokens)] = masks * _ROOM + slices
        sizes = np.bincount(codes)
        (kinds,) = sizes.nonzero()
        ranks = np.zeros(len(sizes), np.uint32)
        ranks[kinds] = np.arange(len(kinds))
        self._class_of, self._sizes, self._masks = ranks[codes], sizes[kinds], kinds // _ROOM
        self._groups = self._groups_of(kinds % _ROOM, pools.held_out)
        self.members = {
            name: {part: int(self._sizes[classes].sum()) for part, classes in parts.items()}
            for name, parts in self._groups.items()
        }

    def _groups_of(self, slices: np.ndarray, held_out: Sequence[bool]) -> dict[str, dict[str, np.ndarray]]:
        """By enabled pattern and part of its sequences the classes, bool [C], that these are; `slices` are theirs."""
        groups = {}
        for pattern, (name, held) in enumerate(zip(self._names, held_out, strict=True)):
            satisfied = (self._masks & bits_of([pattern])) != 0
            trained = (slices == Slice.TRAIN) | (slices == Slice.SHARED)
            tested = slices == (Slice.TEST if held else Slice.SHARED)
            groups[name] = {"train": satisfied & trained, "test": satisfied & tested, "all": satisfied}
        return groups

    def figures(self, positive: np.ndarray, selected_patterns: Sequence[str]) -> dict[str, Any]:
        """What a model is worth whose verdicts on all sequences, in the order of a dictionary, are bool [size].

        `called_positive` is a number of sequences; `precision` the share of them that satisfy a selected pattern, None
        where there are none; `recall` the share called positive of those that do; `positive_rate` the share called
        positive of each enabled pattern's sequences, by the parts of `members`.
        """
        called = np.bincount(self._class_of[positive], minlength=len(self._sizes))
        right = ~negative(self._masks, [self._names.index(name) for name in selected_patterns])
        rates = {
            name: {part: _share(called[classes], self._sizes[classes]) for part, classes in parts.items()}
            for name, parts in self._groups.items()
        }
        return {
            "called_positive": int(called.sum()),
            "precision": _share(called[right], called),
            "recall": _share(called[right], self._sizes[right]),
            "positive_rate": rates,
        }

    def satisfying(self, selected_patterns: Sequence[str]) -> int:
        """How many sequences satisfy at least one of the selected patterns."""
        selected = [self._names.index(name) for name in selected_patterns]
        return int(self._sizes[~negative(self._masks, selected)].sum())


def measure_exactly(space: WholeSpace, models: Mapping[str, StoredModel], verdict: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry of validation.json says of all sequences, under the key EXACT, of models by stage. JSON-ready.

    `sequences` of the space, `satisfying` a selected pattern; and for each stage the figures of `WholeSpace.figures`
    with `balanced_precision`, for comparison.
    """
    selected = verdict["selected_patterns"]
    stages = {
        stage: {
            "balanced_precision": balanced_precision(verdict[stage]["accuracy"]),
            **space.figures(KernelMLP(model.architecture, model.weights).classify_all(), selected),
        }
        for stage, model in models.items()
    }
    return {"sequences": space.size, "satisfying": space.satisfying(selected), **stages}


def balanced_precision(accuracy: Mapping[str, float]) -> float | None:
    """The precision on a test set of as many positives as negatives, from accuracies by selected pattern and of the
    background; each pattern has equally many of the positives. None where nothing is called positive."""
    right = fmean(value for name, value in accuracy.items() if name != BACKGROUND)
    wrong = 1 - accuracy[BACKGROUND]
    return round(right / (right + wrong), SHARE_DECIMALS) if right + wrong else None


def _share(part: np.ndarray, whole: np.ndarray) -> float | None:
    """The sum of one over that of the other; None where that is 0."""
    total = int(whole.sum())
    return round(int(part.sum()) / total, SHARE_DECIMALS) if total else None
