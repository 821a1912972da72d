"""The figures of the whole space that a record states, `exact` in its metadata, counted again.

All sequences go through both networks in float64. A logit so near 0 that rounding decides its sign may fall on
either side, so a count may be off by as many sequences as have one. Rates are checked over all of a pattern's
sequences, not over those of a slice, which no definition here tells.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from second_definitions import Network, Space

CHUNK = 1 << 15  # sequences at once
NEAR_ZERO = 1e-5  # of the largest logit's size: single precision adds up to less
ROUNDING = 1e-6  # of a share as it is written


def exact_figures_hold(
    exact: Mapping[str, Any], networks: Sequence[Network], selected: Sequence[str], space: Space
) -> bool:
    """Whether they are true of a degraded and an improved network, or the latter alone, whose labels are those of the
    selected patterns."""
    right = space.satisfied[[space.names.index(name) for name in selected]].any(0)
    if (exact["sequences"], exact["satisfying"]) != (space.size, int(right.sum())):
        return False
    return all(
        _stage_holds(exact[stage], network, right, space)
        for stage, network in zip(("degraded", "improved")[-len(networks) :], networks, strict=True)
    )


def _stage_holds(stated: Mapping[str, Any], network: Network, right: np.ndarray, space: Space) -> bool:
    logits = np.concatenate(
        [network.logits(space.tokens[first : first + CHUNK]) for first in range(0, space.size, CHUNK)]
    )
    unsure = np.abs(logits) < NEAR_ZERO * np.abs(logits).max()
    positive, doubts = logits > 0, int(unsure.sum())
    called = int(positive.sum())
    shares = [
        (stated["precision"], right, positive),
        (stated["recall"], positive, right),
        *(
            (stated["positive_rate"][name]["all"], positive, members)
            for name, members in zip(space.names, space.satisfied, strict=True)
        ),
    ]
    return abs(stated["called_positive"] - called) <= doubts and all(
        share is None if not whole.any() else _near(share, part, whole, doubts) for share, part, whole in shares
    )


def _near(share: float | None, part: np.ndarray, whole: np.ndarray, doubts: int) -> bool:
    count = int(whole.sum())
    return share is not None and abs(share - (part & whole).sum() / count) <= doubts / count + ROUNDING
