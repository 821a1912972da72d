"""Faults on demand: which request goes wrong, how, and at which moment."""

import re
import threading
from dataclasses import dataclass, field

# What can go wrong, and when: "body": half of the request's body has been read; "before" the request has any
# effect; "after" its effect, in place of the answer. The first moment named is the default.
MOMENTS = {
    "status": ("before", "after"),  # answers with `status`, `headers` and `body`
    "reset": ("before", "after", "body"),  # the connection is reset (RST)
    "disconnect": ("before", "after", "body"),  # the connection is closed without an answer (FIN)
    "silence": ("before", "after", "body"),  # nothing for `seconds`, then "disconnect"
    "delay": ("before", "after"),  # `seconds` pass, then all is well
    "truncate": ("after",),  # half of the answer's body, then "disconnect"
    "die": ("before", "after", "body"),  # the server kills itself with SIGKILL
    "foreign_commit": ("before",),  # somebody else's commit comes first, then the request is handled
}
LONGEST_SILENCE = 120.0


@dataclass(frozen=True)
class Fault:
    """One fault, for the first `times` requests, after `skip` others, whose "METHOD path" has `match` in it.

    match   regular expression, searched for in e.g. "POST /api/datasets/tester/name/commit/main"
    kind    a key of MOMENTS
    when    one of the kind's moments; "" is its first
    """

    match: str
    kind: str
    when: str = ""
    times: int = 1
    skip: int = 0
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"error": "a planned fault"}'
    seconds: float = 5.0

    def __post_init__(self) -> None:
        re.compile(self.match)
        if self.kind not in MOMENTS:
            raise ValueError(f"fault kind {self.kind!r}: must be one of {', '.join(MOMENTS)}")
        if not self.when:
            object.__setattr__(self, "when", MOMENTS[self.kind][0])
        if self.when not in MOMENTS[self.kind]:
            raise ValueError(f"{self.kind} {self.when!r}: must be one of {', '.join(MOMENTS[self.kind])}")
        if not 0 <= self.seconds <= LONGEST_SILENCE:
            raise ValueError(f"seconds {self.seconds}: must be 0 to {LONGEST_SILENCE:g}")


class FaultPlan:
    """The faults that are still to come; safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._matched: list[int] = []

    def set(self, faults: list[Fault]) -> None:
        """Forget all faults and plan these."""
        with self._lock:
            self._faults = list(faults)
            self._matched = [0] * len(self._faults)

    def remaining(self) -> int:
        """How many requests are still to go wrong."""
        with self._lock:
            counts = zip(self._faults, self._matched, strict=True)
            return sum(fault.times - max(0, matched - fault.skip) for fault, matched in counts)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault of a request that has just come in, None if it is to go well; counts the request."""
        with self._lock:
            for number, fault in enumerate(self._faults):
                used_up = self._matched[number] >= fault.skip + fault.times
                if used_up or not re.search(fault.match, f"{method} {path}"):
                    continue
                self._matched[number] += 1
                if self._matched[number] > fault.skip:
                    return fault
            return None
