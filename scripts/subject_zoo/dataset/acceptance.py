"""Whether a run accepts too few of its candidates to be worth going on, and why it rejects them."""

import math
from collections.abc import Mapping
from typing import Any

from subject_zoo.base.errors import UserError

_CHANCE = 0.001  # of calling a share too small that is not
_SHOWN_KNOBS = 2

KNOBS = {  # what to turn when a gate rejects too many
    "improvement": "lower validation.min_degradation_threshold or raise dataset.corruption_rate",
    "specificity": "lower validation.min_specificity",
    "stability": "raise validation.max_other_degradation or lower training.improvement_lr_factor",
    "competence": "lower validation.min_accuracy, or raise dataset.num_sequences or training.degraded_epochs",
    "claim": "raise training.improvement_epochs or dataset.num_sequences",
    "repair": "set validation.allow_simple_repairs to true, or dataset.corruption to region",
    "diagnosis": "raise dataset.num_sequences or training.degraded_epochs, or lower dataset.corruption_rate",
    "prompt_length": "raise format.max_prompt_chars or lower model.neurons_per_layer",
    "first_of_split": "set format.shuffle to none",
}


def is_below(accepted: int, candidates: int, share: float) -> bool:
    """Whether so few accepted candidates would be seen with a probability below 0.001 if `share` of all pass, or more.

    `share` is from 0, of which nothing is below, to less than 1.
    """
    if accepted >= share * candidates:
        return False
    # The lower tail of the binomial distribution, from its largest term down, until the others add nothing.
    term = math.exp(
        math.lgamma(candidates + 1)
        - math.lgamma(accepted + 1)
        - math.lgamma(candidates - accepted + 1)
        + accepted * math.log(share)
        + (candidates - accepted) * math.log1p(-share)
    )
    tail = term
    for number in range(accepted, 0, -1):
        term *= number * (1 - share) / ((candidates - number + 1) * share)
        tail += term
        if term <= tail * 1e-9:
            break
    return tail < _CHANCE


def check_acceptance(tally: Mapping[str, Any], min_acceptance: float) -> None:
    """Raise UserError, with the reasons and the knobs, where a run is sure to accept less than `min_acceptance`."""
    accepted, candidates = tally["accepted_in_all"], tally["candidates_in_all"]
    if is_below(accepted, candidates, min_acceptance):
        raise UserError(
            f"min_acceptance: {accepted} of {candidates} candidates were accepted, and {min_acceptance:g} of them must "
            f"be; {why_rejected(tally['rejected_in_all'])}, or set min_acceptance to 0 to go on up to max_candidates"
        )


def why_rejected(rejected: Mapping[str, int]) -> str:
    """The reasons for rejection with their counts, and what to turn for the most frequent ones."""
    if not rejected:
        return "check that the patterns can be learnt"
    reasons = sorted(rejected, key=lambda reason: (-rejected[reason], reason))
    counted = ", ".join(f"{reason} {rejected[reason]}" for reason in reasons)
    knobs = "; ".join(f"for {reason} {KNOBS[reason]}" for reason in reasons[:_SHOWN_KNOBS])
    return f"rejected by {counted} (one candidate can fail several gates); {knobs}"
