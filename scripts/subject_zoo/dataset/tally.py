"""How many examples have been accepted, window after window."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from subject_zoo.base.terms import FIRST_OF_SPLIT, TOO_LONG
from subject_zoo.provenance.machine import merged_environments


def add_window(
    previous: Mapping[str, Any] | None,
    verdicts: Sequence[Mapping[str, Any]],
    recorded: Sequence[int],
    environments: Iterable[Mapping[str, str]],
    first_of_split: int = 0,
) -> dict[str, Any]:
    """The tally up to and with one window, from the previous window's, its verdicts and its records' ids.
    `first_of_split` records more have no network before them to show.

    `accepted` lists this window's ids in order; `accepted_before` counts those of all earlier windows, and the
    totals `candidates_in_all`, `accepted_in_all` and `rejected_in_all` (by reason) include this one, as does
    `environment`, that of all models' training, from the `environments` of this window's ranges.
    """
    before = previous or {"candidates_in_all": 0, "accepted_in_all": 0, "rejected_in_all": {}, "environment": {}}
    rejected = Counter(before["rejected_in_all"])
    rejected.update(reason for verdict in verdicts for reason in verdict["reasons"])
    # Accepted by all gates, and left out when its prompt was written.
    too_long = sum(verdict["accepted"] for verdict in verdicts) - len(recorded) - first_of_split
    rejected.update({TOO_LONG: too_long, FIRST_OF_SPLIT: first_of_split})
    return {
        "accepted_before": before["accepted_in_all"],
        "accepted": list(recorded),
        "candidates_in_all": before["candidates_in_all"] + len(verdicts),
        "accepted_in_all": before["accepted_in_all"] + len(recorded),
        "rejected_in_all": {reason: count for reason, count in sorted(rejected.items()) if count},
        "environment": merged_environments([before["environment"], *environments]),
    }
