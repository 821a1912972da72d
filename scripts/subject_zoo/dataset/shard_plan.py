"""Fixed runs of candidate ids, and how many of them a wanted number of examples takes."""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from subject_zoo.base.errors import UserError
from subject_zoo.base.ids import ExampleRange, cut_into_ranges
from subject_zoo.dataset.acceptance import is_below, why_rejected


@dataclass(frozen=True)
class Windows:
    """How candidate ids are cut: window k holds `ranges_per_shard` ranges of `examples_per_job` ids, and becomes
    shard k. Ids stay below `max_candidates`, so the last window can be short."""

    examples_per_job: int
    ranges_per_shard: int
    max_candidates: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """The windows of a configuration."""
        return cls(config["examples_per_job"], config["ranges_per_shard"], config["max_candidates"])

    @property
    def size(self) -> int:
        return self.examples_per_job * self.ranges_per_shard

    @property
    def most(self) -> int:
        """How many windows there are in all."""
        return math.ceil(self.max_candidates / self.size)

    def ranges(self, index: int) -> list[ExampleRange]:
        """The ranges of one window, in id order."""
        first = index * self.size
        return cut_into_ranges(first, min(self.size, self.max_candidates - first), self.examples_per_job)

    def enough_for(self, examples: int, acceptance: float) -> int:
        """How many windows are likely to hold so many accepted examples; at least 1, at most all."""
        needed = examples / acceptance / self.size  # infinite, for the least acceptances that a float can hold
        return self.most if needed > self.most else max(1, math.ceil(needed))


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
    if is_below(accepted, candidates, min_acceptance):
        raise UserError(
            f"min_acceptance: {accepted} of {candidates} candidates were accepted, and {min_acceptance:g} of them must "
            f"be; {why_rejected(tally['rejected_in_all'])}, or set min_acceptance to 0 to go on up to max_candidates"
        )
    acceptance = max(accepted, 1) / candidates
    missing = windows.enough_for(math.ceil(1.1 * (num_examples - accepted)), acceptance)
    if accepted < min_acceptance * candidates:
        more = range(planned + 1, planned + missing)
        missing = 1 + bisect_left(more, True, key=lambda n: is_below(accepted, n * windows.size, min_acceptance))
    return {"windows": min(windows.most, planned + missing), "enough": False}
