"""Fixed runs of candidate ids, and how many of them a wanted number of examples takes."""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Self

from subject_zoo.base.errors import UserError
from subject_zoo.base.ids import ExampleRange, cut_into_ranges
from subject_zoo.dataset.acceptance import check_acceptance, is_below, why_rejected


@dataclass(frozen=True)
class Windows:
    """How candidate ids are cut, whatever number of examples is wanted: window k holds `ranges_per_shard` ranges of
    equal size, and becomes shard k. The first two windows' ranges have `examples_per_job` ids, and those of each window
    after them as many more than the one before, up to `largest_job`: few examples are spread over cores, many start
    few processes. Ids stay below `max_candidates`, so the last window can be short.

    So a range grows as the square root of the ids before it. That is what costs least where any number of examples may
    be asked for: a range of s ids costs its processes' start, and leaves s / 2 candidates too many on average.
    """

    examples_per_job: int
    largest_job: int
    ranges_per_shard: int
    max_candidates: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """The windows of a configuration."""
        return cls(**{field.name: config[field.name] for field in fields(cls)})

    @cached_property
    def most(self) -> int:
        """How many windows there are in all."""
        return self._reaching(self.max_candidates, range(self.max_candidates + 1))

    @property
    def growing(self) -> int:
        """The number of windows up to the last whose ranges are multiples of the first one's."""
        return self.largest_job // self.examples_per_job + 1

    def first(self, index: int) -> int:
        """The first id of a window, if it has any: the number of ids before it."""
        grown = min(index, self.growing)
        ids = self.examples_per_job * (min(index, 1) + grown * (grown - 1) // 2) + self.largest_job * (index - grown)
        return ids * self.ranges_per_shard

    def ids(self, index: int) -> range:
        """The ids of one window; none past `max_candidates`."""
        return range(self.first(index), min(self.first(index + 1), self.max_candidates))

    def range_size(self, index: int) -> int:
        """How many ids a range of a window holds, but the very last one."""
        return min(self.examples_per_job * max(1, index), self.largest_job)

    def ranges(self, index: int) -> list[ExampleRange]:
        """The ranges of one window, in id order."""
        ids = self.ids(index)
        return cut_into_ranges(ids.start, len(ids), self.range_size(index))

    def enough_for(self, examples: int, acceptance: float, planned: int = 0) -> int:
        """How many windows in all are likely to hold so many accepted examples after `planned` windows; at least one
        more than these, at most all."""
        needed = self.first(planned) + examples / acceptance  # infinite, for the least acceptances of a float
        return self._reaching(needed, range(self.most)) if needed < self.max_candidates else self.most

    def _reaching(self, ids: float, numbers: range) -> int:
        """The least of these numbers of windows that hold so many ids; one above the last where none does."""
        return bisect_left(numbers, ids, key=self.first)


def next_plan(
    windows: Windows, planned: int, num_examples: int, tally: Mapping[str, Any], min_acceptance: float
) -> dict[str, Any]:
    """What to do after `planned` windows gave `tally`: {"enough": True}, or more "windows" in all.

    The next number follows the acceptance seen so far, with a tenth to spare; while that is below `min_acceptance`,
    it is no more than it takes to be sure. Raises UserError when the run is sure to accept a smaller share than that,
    and when all `max_candidates` are used up, with the reasons for rejection counted and the knobs that would help.
    """
    accepted, candidates = tally["accepted_in_all"], tally["candidates_in_all"]
    if accepted >= num_examples:
        return {"windows": planned, "enough": True}
    if planned == windows.most:
        raise UserError(
            f"max_candidates: {candidates} candidates gave {accepted} of the {num_examples} accepted examples wanted; "
            f"{why_rejected(tally['rejected_in_all'])}, or raise max_candidates"
        )
    check_acceptance(tally, min_acceptance)
    acceptance = max(accepted, 1) / candidates
    wanted = windows.enough_for(math.ceil(1.1 * (num_examples - accepted)), acceptance, planned)
    if accepted < min_acceptance * candidates:
        more = range(planned + 1, wanted)
        sure = bisect_left(more, True, key=lambda count: is_below(accepted, windows.first(count), min_acceptance))
        wanted = planned + 1 + sure
    return {"windows": wanted, "enough": False}
