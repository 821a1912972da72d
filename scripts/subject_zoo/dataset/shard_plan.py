"""Fixed runs of candidate ids, and how many of them a wanted number of examples takes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from subject_zoo.base.errors import UserError
from subject_zoo.base.ids import ExampleRange, cut_into_ranges

_KNOBS = {  # what to turn when a gate rejects too many
    "improvement": "lower validation.min_degradation_threshold or raise dataset.corruption_rate",
    "specificity": "lower validation.min_specificity",
    "stability": "raise validation.max_other_degradation or lower training.improvement_lr_factor",
    "competence": "lower validation.min_accuracy, or raise dataset.num_sequences or training.degraded_epochs",
    "claim": "raise training.improvement_epochs or dataset.num_sequences",
    "prompt_length": "raise format.max_prompt_chars or lower model.neurons_per_layer",
}


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


def next_plan(windows: Windows, planned: int, num_examples: int, tally: Mapping[str, Any]) -> dict[str, Any]:
    """What to do after `planned` windows gave `tally`: {"enough": True}, or more "windows" in all.

    The next number follows the acceptance seen so far, with a tenth to spare. Raises UserError when all
    `max_candidates` are used up, with the reasons for rejection counted and the knob that would help.
    """
    accepted, candidates = tally["accepted_in_all"], tally["candidates_in_all"]
    if accepted >= num_examples:
        return {"windows": planned, "enough": True}
    if planned == windows.most:
        rejected = sorted(tally["rejected_in_all"].items(), key=lambda item: -item[1])
        counted = ", ".join(f"{reason} {count}" for reason, count in rejected)
        knob = _KNOBS[rejected[0][0]] if rejected else "check that the patterns can be learnt"
        raise UserError(
            f"max_candidates: {candidates} candidates gave {accepted} of the {num_examples} accepted examples wanted; "
            f"rejected by {counted} (one candidate can fail several gates); {knob}, or raise max_candidates"
        )
    acceptance = max(accepted, 1) / candidates
    missing = windows.enough_for(math.ceil(1.1 * (num_examples - accepted)), acceptance)
    return {"windows": min(windows.most, planned + missing), "enough": False}
