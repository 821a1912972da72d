"""The datasets that subject models are trained on, and the two that the project makes once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from subject_zoo.base.distinct import distinct
from subject_zoo.base.randomness import ProjectPurpose, Purpose, example_generator, project_generator
from subject_zoo.examples.corruption import draw_region
from subject_zoo.examples.plan import ExamplePlan
from subject_zoo.patterns.ownership import near_miss_sources, negative, owned, ownership_order
from subject_zoo.patterns.pools import Pools
from subject_zoo.patterns.sequences import row_codes, to_text
from subject_zoo.patterns.slices import Slice
from subject_zoo.patterns.space import pattern_space

NEGATIVE = -1  # the owner of a sequence that satisfies no selected pattern


@dataclass(frozen=True)
class ExampleDataset:
    """One example's sequences: tokens uint8 [n, T]; labels, corrupted_labels, is_validation, is_near_miss bool [n];
    owners int8 [n], the index of the enabled pattern that owns a positive, NEGATIVE for the others; `region`, where
    labels are flipped in one, as `Region.to_dict` has it."""

    tokens: np.ndarray
    labels: np.ndarray
    corrupted_labels: np.ndarray
    owners: np.ndarray
    is_validation: np.ndarray
    is_near_miss: np.ndarray
    region: dict[str, Any] | None = None

    def corruption_stats(self) -> dict[str, Any]:
        """How many rows and how many distinct sequences have a flipped label, of how many rows; and in which region."""
        flipped = self.labels != self.corrupted_labels
        return {
            "corrupted_rows": int(flipped.sum()),
            "corrupted_sequences": len(distinct(row_codes(self.tokens[flipped]))),
            "rows": len(self.tokens),
            "positive_rows": int(self.labels.sum()),
            "region": self.region,
        }


Example = tuple[ExamplePlan, ExampleDataset]


class PatternDatasetSampler:
    """Draws datasets from the project's pools; every draw comes from (seed, example id, purpose)."""

    def __init__(self, config: Mapping[str, Any], pools: Pools) -> None:
        """`config` is the checked configuration, `pools` are those of its shared seed."""
        self.seed: int = config["seed"]
        self.dataset, self.patterns = config["dataset"], config["patterns"]
        self.pools = pools
        self.space = pattern_space(self.patterns)
        self._members = [self._trainable(rows) for rows in self.pools.members]
        self._near_misses = [self._trainable(rows) for rows in self.pools.near_misses]
        self._background = self._trainable(self.pools.background)

    def _trainable(self, rows: np.ndarray) -> np.ndarray:
        slices = self.pools.slices[rows]
        return rows[(slices == Slice.TRAIN) | (slices == Slice.SHARED)]

    def _members_in(self, pattern: int, slice_: Slice) -> np.ndarray:
        """A pattern's rows in a slice; those it shares for a pattern too small to hold any out."""
        rows = self.pools.members[pattern]
        return rows[self.pools.slices[rows] == (slice_ if self.pools.held_out[pattern] else Slice.SHARED)]

    def _background_in(self, slice_: Slice) -> np.ndarray:
        return self.pools.background[self.pools.slices[self.pools.background] == slice_]

    def sample(self, plan: ExamplePlan) -> ExampleDataset:
        """The dataset of one example: `num_sequences` rows, `validation_fraction` of them for early stopping.

        Positives are shared evenly by the selected patterns, near misses half by members of unselected patterns
        and half by members of selected ones with one token changed; background fills the rest. No sequence
        occurs twice, except where a group has fewer than its share: then copies fill it. A selected pattern that
        owns fewer than two training sequences leaves its share to the other ones.
        """
        selected = [self.pools.names.index(name) for name in plan.selected_patterns]
        (unselected, share_of_unselected), _ = near_miss_sources(selected, len(self.pools.names))
        order = ownership_order(selected, self.pools.counts)
        total = self.dataset["num_sequences"]
        negatives = round(total * self.dataset["negative_ratio"])
        near = round(negatives * self.dataset["near_miss_ratio"])
        of_unselected = int(near * share_of_unselected)

        masks = self.pools.masks
        rng = example_generator(self.seed, plan.example_id, Purpose.SEQUENCES)
        draw = _Draw(rng, total, round(total * self.dataset["validation_fraction"]))
        positives = {p: rows[owned(masks[rows], p, order)] for p, rows in enumerate(self._members) if p in selected}
        owning = [pattern for pattern in selected if len(positives[pattern]) > 1]
        for pattern, wanted in _even_shares(owning, total - negatives):
            # What is tested on its training sequences anyway needs all of them to train on.
            draw.add(positives[pattern], wanted, owner=pattern, may_validate=self.pools.held_out[pattern])
        taken = np.zeros(len(self.pools.tokens), bool)
        # Near misses could use up a small background, so they leave about as much of it as is wanted, or half.
        spare = self._background[:: max(2, len(self._background) // max(2, negatives - near))]
        taken[spare] = True

        def is_new_negative(rows: np.ndarray) -> np.ndarray:
            return negative(masks[rows], selected) & ~taken[rows]

        for patterns, wanted, pools in (
            (unselected, of_unselected, self._members),
            (selected, near - of_unselected, self._near_misses),
        ):
            for pattern, share in _even_shares(patterns, wanted):
                candidates = _enough(pools[pattern], is_new_negative, share, rng)
                held_out = self.pools.held_out[pattern] or patterns is selected
                drawn = draw.add(candidates, share, is_near_miss=True, may_validate=held_out)
                taken[drawn] = True
        taken[spare] = False
        draw.add(self._background[~taken[self._background]], draw.rows_left)
        rows, owners = np.concatenate(draw.rows), np.concatenate(draw.owners)
        labels = owners != NEGATIVE
        flipped, region = self._flipped(plan, rows, owners)
        return ExampleDataset(
            tokens=self.pools.tokens.take(rows, axis=0),
            labels=labels,
            corrupted_labels=labels ^ flipped[rows],
            owners=owners,
            is_validation=np.concatenate(draw.is_validation),
            is_near_miss=np.concatenate(draw.is_near_miss),
            region=region,
        )

    def _flipped(
        self, plan: ExamplePlan, rows: np.ndarray, owners: np.ndarray
    ) -> tuple[np.ndarray, dict[str, Any] | None]:
        """Which of all sequences' labels corruption flips, bool [R], and the region: of the distinct rows that the
        target owns, `corruption_rate`; none where there is no target."""
        flipped = np.zeros(len(self.pools.tokens), bool)
        if plan.target_pattern is None:
            return flipped, None
        owned_rows = distinct(rows[owners == self.pools.names.index(plan.target_pattern)])
        rate = self.dataset["corruption_rate"]
        rng = example_generator(self.seed, plan.example_id, Purpose.CORRUPTION)
        if self.dataset["corruption"] == "random":
            kept = round((1 - rate) * len(owned_rows))
            flipped[owned_rows] = True
            flipped[rng.choice(owned_rows, kept, replace=False)] = False
            return flipped, None
        tokens = self.pools.tokens[owned_rows]
        region = draw_region(tokens, rate, self.space.vocab_size, rng)
        flipped[owned_rows] = region.holds(tokens)
        return flipped, region.to_dict()

    def signature_dataset(self, seed: int, probes_per_pattern: int, background_probes: int) -> dict[str, Any]:
        """Sequences of the probe slice that signatures are taken over: each enabled pattern's, and background.

        A sequence stands once, with the first pattern that drew it. The order is part of the data and is drawn too:
        of sequences pattern by pattern, a neuron's slow waves would tell which it answers to. JSON-ready:
        `vocab_size`, `sequence_length`, `pattern_tokens` and `examples`, each a `sequence` and the enabled
        `patterns` that it satisfies.
        """
        patterns = range(len(self.pools.names))
        grouped = self._labelled(
            seed,
            ProjectPurpose.PROBES,
            [(self._members_in(pattern, Slice.PROBE), probes_per_pattern) for pattern in patterns]
            + [(self._background_in(Slice.PROBE), background_probes)],
        )
        examples = grouped["examples"]
        order = project_generator(seed, ProjectPurpose.PROBE_ORDER).permutation(len(examples))
        return {**grouped, "examples": [examples[place] for place in order.tolist()]}

    def benchmark_dataset(self, seed: int, samples_per_pattern: int, patterns: Sequence[str]) -> dict[str, Any]:
        """Labelled sequences of the test slice to evaluate interpreters' models on, in the same form.

        As many of the background as of one pattern follow the patterns'.
        """
        chosen = [self.pools.names.index(name) for name in patterns]
        members = [self._members_in(pattern, Slice.TEST) for pattern in chosen]
        background = self._background_in(Slice.TEST)
        groups = [(rows, samples_per_pattern) for rows in (*members, background)]
        return self._labelled(seed, ProjectPurpose.BENCHMARK, groups)

    def _labelled(self, seed: int, purpose: ProjectPurpose, groups: list[tuple[np.ndarray, int]]) -> dict[str, Any]:
        taken = np.zeros(len(self.pools.tokens), bool)
        rows = []
        for part, (candidates, wanted) in enumerate(groups):
            rng = project_generator(seed, purpose, part)
            drawn = rng.permutation(candidates[~taken[candidates]])[:wanted]
            taken[drawn] = True
            rows.append(drawn)
        chosen = np.concatenate(rows)
        satisfied = [
            [name for bit, name in enumerate(self.pools.names) if mask >> bit & 1]
            for mask in self.pools.masks[chosen].tolist()
        ]
        return {
            "vocab_size": self.space.vocab_size,
            "sequence_length": self.space.sequence_length,
            "pattern_tokens": {key: self.patterns[key] for key in ("starts_with", "ends_with")},
            "examples": [
                {"sequence": sequence, "patterns": patterns}
                for sequence, patterns in zip(to_text(self.space, self.pools.tokens[chosen]), satisfied, strict=True)
            ],
        }


class _Draw:
    """Rows drawn so far, group by group, with exact totals for the validation split."""

    def __init__(self, rng: np.random.Generator, total: int, validation_total: int) -> None:
        self.rng, self.rows_left, self._validation_left = rng, total, validation_total
        self.rows: list[np.ndarray] = []
        self.owners: list[np.ndarray] = []
        self.is_validation: list[np.ndarray] = []
        self.is_near_miss: list[np.ndarray] = []

    def add(
        self,
        candidates: np.ndarray,
        wanted: int,
        owner: int = NEGATIVE,
        is_near_miss: bool = False,
        may_validate: bool = True,
    ) -> np.ndarray:
        """Draw `wanted` rows, validation first; fewer than `wanted` candidates are copied to fill both parts.

        No candidates give no rows; their share, and that of a group which may not validate, goes to a later
        group. The rows drawn, int32.
        """
        wanted = wanted if len(candidates) else 0
        # What is left of the validation split is spread over what is left of the rows: the total comes out
        # exact, and groups that may not validate take nothing from a later group's training rows but up to half.
        held = max(0, self._validation_left - (self.rows_left - wanted) // 2)
        if may_validate and wanted:
            held = max(held, round(wanted * self._validation_left / self.rows_left))
        held = min(held, wanted) if len(candidates) > 1 else 0  # copies of one sequence must stay on one side
        self.rows_left -= wanted
        self._validation_left -= held
        if len(candidates) >= wanted:
            rows = self.rng.choice(candidates, wanted, replace=False)
        else:
            distinct = self.rng.permutation(candidates)
            cut = min(max(1, round(len(distinct) * held / wanted)), len(distinct) - 1) if held else 0
            rows = np.concatenate([np.resize(distinct[:cut], held), np.resize(distinct[cut:], wanted - held)])
        self.rows.append(rows)
        self.owners.append(np.full(wanted, owner, np.int8))
        self.is_validation.append(np.arange(wanted) < held)
        self.is_near_miss.append(np.full(wanted, is_near_miss))
        return rows


def _enough(
    pool: np.ndarray, is_allowed: Callable[[np.ndarray], np.ndarray], wanted: int, rng: np.random.Generator
) -> np.ndarray:
    """At least `wanted` of a pool's allowed rows, drawn uniformly, or all where there are fewer.

    Most rows of most pools are allowed, so twice as many as wanted are drawn and the others not even looked at.
    """
    some = 2 * wanted + 16
    if some < len(pool):
        rows = rng.choice(pool, some, replace=False)
        rows = rows[is_allowed(rows)]
        if len(rows) >= wanted:
            return rows
    return pool[is_allowed(pool)]


def _even_shares(patterns: Sequence[int], total: int) -> Iterator[tuple[int, int]]:
    """Each pattern with its share of the total, the earlier ones one more where it does not divide."""
    for position, pattern in enumerate(patterns):
        yield pattern, total // len(patterns) + (position < total % len(patterns))
