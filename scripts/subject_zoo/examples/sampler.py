"""The datasets that subject models are trained on, and the two that the project makes once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from subject_zoo.base.distinct import distinct
from subject_zoo.base.randomness import ProjectPurpose, Purpose, example_generator, project_generator
from subject_zoo.examples.corruption import draw_region
from subject_zoo.examples.draw import BACKGROUND, NEGATIVE, NO_ROWS, Draw, Group, Role, Sides, enough, even_shares
from subject_zoo.examples.plan import ExamplePlan, Twin
from subject_zoo.patterns.ownership import near_miss_sources, negative, owned, ownership_order
from subject_zoo.patterns.pools import Pools
from subject_zoo.patterns.sequences import row_codes, to_text
from subject_zoo.patterns.slices import Slice
from subject_zoo.patterns.space import pattern_space


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


@dataclass(frozen=True)
class _Taking:
    """A draw that is going on: which of all sequences are taken, bool [R], and by group a twin's rows that may stay."""

    draw: Draw
    taken: np.ndarray
    kept: Mapping[Group, Sides]

    def kept_of(self, group: Group) -> Sides:
        """A group's rows that may stay and are not taken yet; they are, from now on."""
        sides = Sides(*(rows[~self.taken[rows]] for rows in self.kept.get(group, NO_ROWS)))
        self.taken[sides.both] = True
        return sides


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

        The second example of a pair of twins has the first one's dataset but for what its pattern changes: a sequence
        that still may be what it was stays, and every sequence that both have on one side of the early-stopping split
        stands in the same row.
        """
        if plan.drawn_from == plan.example_id:
            draw = self._drawn(plan)
            return self._dataset(plan, draw, draw, slice(None))
        first = plan.of_twin(self.pools.names)
        there = self._drawn(first)
        draw = self._drawn(plan, there)
        fault_of = there if first.target_pattern == plan.target_pattern else draw
        return self._dataset(plan, draw, fault_of, draw.beside(there))

    def _drawn(self, plan: ExamplePlan, there: Draw | None = None) -> Draw:
        """The rows of an example; where its twin's are given, as many of these as may stay."""
        selected = [self.pools.names.index(name) for name in plan.selected_patterns]
        order = ownership_order(selected, self.pools.counts)
        total = self.dataset["num_sequences"]
        negatives = round(total * self.dataset["negative_ratio"])
        rng = example_generator(self.seed, plan.example_id, Purpose.SEQUENCES)
        draw = Draw(rng, total, round(total * self.dataset["validation_fraction"]))
        kept = {} if plan.twin is None or there is None else self._kept(plan.twin, there, selected, order)
        taking = _Taking(draw, np.zeros(len(self.pools.tokens), bool), kept)
        self._take_positives(taking, selected, order, total - negatives)
        self._take_near_misses(taking, selected, negatives)
        those = taking.kept_of(BACKGROUND)
        draw.add(BACKGROUND, self._background[~taking.taken[self._background]], draw.rows_left, kept=those)
        return draw

    def _take_positives(self, taking: _Taking, selected: Sequence[int], order: Sequence[int], wanted: int) -> None:
        masks = self.pools.masks
        positives = {p: rows[owned(masks[rows], p, order)] for p, rows in enumerate(self._members) if p in selected}
        owning = [pattern for pattern in selected if len(positives[pattern]) > 1]
        for pattern, share in even_shares(owning, wanted):
            # What is tested on its training sequences anyway needs all of them to train on.
            group, held_out = Group(Role.POSITIVE, pattern), self.pools.held_out[pattern]
            those, candidates = taking.kept_of(group), positives[pattern]
            taking.draw.add(group, candidates[~taking.taken[candidates]], share, held_out, those)

    def _take_near_misses(self, taking: _Taking, selected: Sequence[int], negatives: int) -> None:
        near = round(negatives * self.dataset["near_miss_ratio"])
        (unselected, share_of_unselected), _ = near_miss_sources(selected, len(self.pools.names))
        of_unselected, taken = int(near * share_of_unselected), taking.taken
        # Near misses could use up a small background, so they leave about as much of it as is wanted, or half.
        spare = self._background[:: max(2, len(self._background) // max(2, negatives - near))]
        taken[spare] = True

        def is_new_negative(rows: np.ndarray) -> np.ndarray:
            return negative(self.pools.masks[rows], selected) & ~taken[rows]

        for role, patterns, wanted, pools in (
            (Role.MEMBER, unselected, of_unselected, self._members),
            (Role.CHANGED, selected, near - of_unselected, self._near_misses),
        ):
            for pattern, share in even_shares(patterns, wanted):
                group, held_out = Group(role, pattern), self.pools.held_out[pattern] or role == Role.CHANGED
                those = taking.kept_of(group)
                candidates = enough(pools[pattern], is_new_negative, share, taking.draw.rng)
                drawn = taking.draw.add(group, candidates, share, held_out, those)
                taken[those.both], taken[drawn] = False, True  # not all that was kept had room
        taken[spare] = False

    def _kept(self, twin: Twin, there: Draw, selected: Sequence[int], order: Sequence[int]) -> dict[Group, Sides]:
        """By group the rows of the twin's dataset, `there`, that may stand in it here."""
        here, gone = (self.pools.names.index(name) for name in (twin.only_here, twin.only_there))

        def may_stay(group: Group, rows: np.ndarray) -> np.ndarray:
            if group.role == Role.POSITIVE:
                return owned(self.pools.masks[rows], group.pattern, order)
            return negative(self.pools.masks[rows], selected)

        kept = {}
        for group, sides in there.sides():
            like = Group(Role.POSITIVE, here) if group == (Role.POSITIVE, gone) else group
            if like.pattern != gone:
                kept[like] = Sides(*(rows[may_stay(like, rows)] for rows in sides))
        return kept

    def _dataset(self, plan: ExamplePlan, draw: Draw, fault_of: Draw, order: np.ndarray | slice) -> ExampleDataset:
        """The dataset of drawn rows in an order; `fault_of` are those that the fault is drawn for, a twin's maybe."""
        rows, owners = draw.rows[order], draw.owners[order]
        flipped, region = self._flipped(plan, draw, fault_of)
        labels = owners != NEGATIVE
        return ExampleDataset(
            tokens=self.pools.tokens.take(rows, axis=0),
            labels=labels,
            corrupted_labels=labels ^ flipped[rows],
            owners=owners,
            is_validation=draw.is_validation[order],
            is_near_miss=draw.is_near_miss[order],
            region=region,
        )

    def _flipped(self, plan: ExamplePlan, draw: Draw, fault_of: Draw) -> tuple[np.ndarray, dict[str, Any] | None]:
        """Which of all sequences' labels corruption flips, bool [R], and the region: of the distinct rows that the
        target owns, `corruption_rate`; none where there is no target. A region is drawn for the target's rows in
        `fault_of`."""
        flipped = np.zeros(len(self.pools.tokens), bool)
        if plan.target_pattern is None:
            return flipped, None
        owned_rows = self._of_target(plan, draw)
        rate = self.dataset["corruption_rate"]
        rng = example_generator(self.seed, plan.drawn_from, Purpose.CORRUPTION)
        if self.dataset["corruption"] == "random":
            kept = round((1 - rate) * len(owned_rows))
            flipped[owned_rows] = True
            flipped[rng.choice(owned_rows, kept, replace=False)] = False
            return flipped, None
        tokens = self.pools.tokens.take(owned_rows, axis=0)
        drawn_for = tokens if fault_of is draw else self.pools.tokens.take(self._of_target(plan, fault_of), axis=0)
        region = draw_region(drawn_for, rate, self.space.vocab_size, rng)
        flipped[owned_rows] = region.holds(tokens)
        return flipped, region.to_dict()

    def _of_target(self, plan: ExamplePlan, draw: Draw) -> np.ndarray:
        """The distinct rows that the target owns; none where it owns too few to have a share."""
        group = Group(Role.POSITIVE, self.pools.names.index(str(plan.target_pattern)))
        return distinct(draw.groups.get(group, np.zeros(0, np.int32)))

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
