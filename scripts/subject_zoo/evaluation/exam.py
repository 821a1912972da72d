"""The sequences that every subject model is measured on, and what its accuracies over them mean."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from subject_zoo.base.distinct import distinct
from subject_zoo.base.terms import BACKGROUND
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.model import StoredModel
from subject_zoo.patterns.ownership import near_miss_sources, negative, owned, ownership_order
from subject_zoo.patterns.pools import Pools

Figure = TypeVar("Figure", float, np.ndarray)  # of one model, or float64 [k] of several


def classify(models: Mapping[int, StoredModel], tokens: np.ndarray) -> dict[int, np.ndarray]:
    """Each model's verdict on each sequence of tokens uint8 [m, T]: bool [m], True where the logit is above 0."""
    return {
        example_id: KernelMLP(model.architecture, model.weights).logits(tokens) > 0
        for example_id, model in models.items()
    }


class _Questions(NamedTuple):
    """An exam's rows for a selection of patterns: those that each of them owns, and each group of negatives with its
    weight."""

    owned: list[np.ndarray]
    negatives: list[tuple[float, np.ndarray]]


class Exam:
    """The test slice's rows of a project, the same for all models before and after.

    `tokens` uint8 [m, T] are distinct. Background is the share of negatives called negative, over the mix of
    negatives that models are trained on: near misses (half members of unselected patterns, half changed members
    of selected ones, each pattern counting the same) weighted by `near_miss_ratio`, and background.
    """

    def __init__(self, pools: Pools, near_miss_ratio: float) -> None:
        self.pools, self.near_miss_ratio = pools, near_miss_ratio
        groups = [*pools.test_members, *pools.test_near_misses, pools.test_background]
        rows, inverse = np.unique(np.concatenate(groups), return_inverse=True)
        parts = np.split(inverse, np.cumsum([len(group) for group in groups])[:-1])
        patterns = len(pools.names)
        self._members, self._near_misses = parts[:patterns], parts[patterns:-1]
        self._background = parts[-1]
        self.tokens = pools.tokens[rows]
        self.masks = pools.masks[rows]
        self._last: tuple[tuple[str, ...], _Questions] | None = None  # those asked last: each is asked several times

    def __len__(self) -> int:
        return len(self.tokens)

    def _questions(self, selected_patterns: Sequence[str]) -> _Questions:
        if self._last is None or self._last[0] != tuple(selected_patterns):
            selected = [self.pools.names.index(name) for name in selected_patterns]
            questions = _Questions(self._owned_rows(selected), self._negative_groups(selected))
            self._last = tuple(selected_patterns), questions
        return self._last[1]

    def _owned_rows(self, selected: list[int]) -> list[np.ndarray]:
        order = ownership_order(selected, self.pools.counts)
        return [
            self._members[pattern][owned(self.masks[self._members[pattern]], pattern, order)] for pattern in selected
        ]

    def owned_rows(self, pattern: str, selected_patterns: Sequence[str]) -> np.ndarray:
        """The rows that a selected pattern's accuracy is over."""
        return self._questions(selected_patterns).owned[list(selected_patterns).index(pattern)]

    def background_rows(self, selected_patterns: Sequence[str]) -> tuple[float, np.ndarray]:
        """The rows that satisfy no enabled pattern, and their weight among all negatives."""
        groups = self._questions(selected_patterns).negatives
        weights = [weight for weight, rows in groups if rows is self._background]
        return (weights[0] if weights else 0.0), self._background

    def _negative_groups(self, selected: list[int]) -> list[tuple[float, np.ndarray]]:
        """(weight, rows) of every group of negatives that is not empty; the weights sum to 1."""
        is_negative = negative(self.masks, selected)

        def only_negative(rows: np.ndarray) -> np.ndarray:
            return rows[is_negative[rows]]

        near = self.near_miss_ratio
        (unselected, share), (selected, other_share) = near_miss_sources(selected, len(self.pools.names))
        groups = []
        for weight, parts in (
            (near * share, [only_negative(self._members[pattern]) for pattern in unselected]),
            (near * other_share, [only_negative(self._near_misses[pattern]) for pattern in selected]),
            (1 - near, [self._background]),
        ):
            filled = [part for part in parts if len(part)]
            groups += [(weight / len(filled), part) for part in filled]
        total = sum(weight for weight, _ in groups)
        return [(weight / total, part) for weight, part in groups if weight > 0]

    def accuracies(self, positive: np.ndarray, selected_patterns: Sequence[str]) -> dict[str, float]:
        """Accuracy by selected pattern, over the sequences that it owns, and of the background.

        `positive` bool [m] is a model's verdict on each sequence. A pattern that owns none has accuracy 0.
        """
        return self.accuracies_by(lambda rows: _share(positive, rows), selected_patterns)

    def accuracies_by(
        self, share: Callable[[np.ndarray], Figure], selected_patterns: Sequence[str]
    ) -> dict[str, Figure]:
        """The same by `share`, which gives the share of rows that are called positive, of one model or of many."""
        questions = self._questions(selected_patterns)
        none = 0.0 * share(self._background)
        accuracies = {
            name: share(rows) if len(rows) else none
            for name, rows in zip(selected_patterns, questions.owned, strict=True)
        }
        accuracies[BACKGROUND] = sum((weight * (1 - share(rows)) for weight, rows in questions.negatives), start=none)
        return accuracies

    def counts(self, selected_patterns: Sequence[str]) -> dict[str, int]:
        """How many distinct sequences each of those accuracies is over."""
        questions = self._questions(selected_patterns)
        counts = dict(zip(selected_patterns, map(len, questions.owned), strict=True))
        none = np.zeros(0, np.intp)
        counts[BACKGROUND] = len(distinct(np.concatenate([none, *(rows for _, rows in questions.negatives)])))
        return counts

    def positive_rates(self, positive: np.ndarray) -> dict[str, float]:
        """Per enabled pattern, the share of its test sequences, owned or not, that are called positive."""
        return self.positive_rates_by(lambda rows: _share(positive, rows))

    def positive_rates_by(self, share: Callable[[np.ndarray], Figure]) -> dict[str, Figure]:
        """The same by `share`, as for `accuracies_by`."""
        return {name: share(rows) for name, rows in zip(self.pools.names, self._members, strict=True)}

    def true_rates(self, selected_patterns: Sequence[str]) -> dict[str, float]:
        """Per enabled pattern, the share of its test sequences that are truly positive."""
        selected = [self.pools.names.index(name) for name in selected_patterns]
        return self.positive_rates(~negative(self.masks, selected))


def _share(positive: np.ndarray, rows: np.ndarray) -> float:
    """The share of the rows that are positive: their mean, in a third of its time."""
    return int(np.count_nonzero(positive[rows])) / len(rows)
