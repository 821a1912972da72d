"""How far a run is, by the jobs that it finished and the files that these left: what the line of a run tells.

Jobs are known by their rules' names and wildcards. Nothing of Snakemake is needed here.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from main_process.pace import Pace, duration, frequency
from subject_zoo.base.files import read_json
from subject_zoo.base.ids import ExampleRange
from subject_zoo.base.lines import one_line
from subject_zoo.dataset.shard_plan import Windows

_RESULTS = Path("results")
# The rules that a range goes through, and their shares of its time: the seconds that 960 examples take.
_CHAIN = {
    "sample_dataset": 7,
    "train_degraded": 20,
    "train_improved": 15,
    "validate": 5,
    "extract_signatures": 1,
    "format_records": 2,
}
_WHOLE = sum(_CHAIN.values())
_PUBLISHING = {"create_repository", "publish_shard", "publish_dataset"}
_UNTIL = ".until"  # beside a log, a file that says how long its job waits for the Hub, in seconds since 1970
_TELLING = 50  # candidates, from which on the share that is accepted tells something
SEPARATOR = " | "


class Job(NamedTuple):
    """A job: its rule, its wildcards, its log, and whether it runs on another machine."""

    rule: str
    wildcards: Mapping[str, str]
    log: str | None = None
    elsewhere: bool = False


class Part(NamedTuple):
    """A part of the line; of two that find no room together, the one of the lower rank is left out."""

    text: str
    rank: int


@dataclass(frozen=True)
class _Count:
    """Candidates that are judged, those of them that are accepted, and the work in all, those half made included: a
    candidate is worth the seconds of all rules of the chain."""

    candidates: int = 0
    accepted: int = 0
    work: int = 0

    def __add__(self, more: "_Count") -> "_Count":
        return _Count(self.candidates + more.candidates, self.accepted + more.accepted, self.work + more.work)


class Dataset:
    """What there is of the dataset that a run makes.

    Attributes:
        wanted: how many examples it shall have.
        windows: how its candidates are cut.
        planned: how many windows of them are planned by now.
        shards: the windows whose shards are written.
        published: how many shards are on the Hub, None where they are not to be.
    """

    def __init__(self, wanted: int, windows: Windows, planned: int, publishes: bool) -> None:
        self.wanted, self.windows, self.planned = wanted, windows, planned
        self.shards: set[int] = set()
        self.published = 0 if publishes else None
        # Windows are tallied in their order, each on top of those before it; ranges beyond are counted one by one.
        self._tallied, self._tally = 0, _Count()
        self._ranges: dict[ExampleRange, _Count] = {}
        self._in_ranges = _Count()

    def take(self, rule: str, wildcards: Mapping[str, str]) -> None:
        """Take in that a job of this rule is finished."""
        with suppress(OSError, ValueError):  # its file is on its way, or was removed: then the next ones tell
            self._take(rule, wildcards)

    def _take(self, rule: str, wildcards: Mapping[str, str]) -> None:
        window = int(wildcards.get("window", -1))
        if rule in _CHAIN:
            examples = ExampleRange.parse(wildcards["examples"])
            if examples.first >= self.windows.first(self._tallied):
                made = self._made(rule, examples)
                self._ranges[examples] = self._ranges.get(examples, _Count()) + made
                self._in_ranges += made
        elif rule == "tally_window" and window >= self._tallied:
            tally = read_json(_RESULTS / "tallies" / f"{wildcards['window']}.json")
            candidates = tally["candidates_in_all"]
            self._tallied, self._tally = window + 1, _Count(candidates, tally["accepted_in_all"], candidates * _WHOLE)
            first = self.windows.first(self._tallied)
            self._ranges = {examples: made for examples, made in self._ranges.items() if examples.first >= first}
            self._in_ranges = sum(self._ranges.values(), _Count())
        elif rule == "plan_windows":
            plan = read_json(_RESULTS / "plans" / f"{wildcards['round']}.json")
            self.planned = max(self.planned, plan["windows"])
        elif rule == "write_shard":
            self.shards.add(window)
        elif rule == "publish_shard" and self.published is not None and window >= self.published:
            receipt = read_json(_RESULTS / "published" / f"{wildcards['window']}.json")
            self.published = max(self.published, window + 1 - len(receipt["waiting"]))
        elif rule == "publish_dataset":
            self.published = len(self.shards)

    def _made(self, rule: str, examples: ExampleRange) -> _Count:
        """What a rule of the chain has made of a range."""
        size = len(examples.ids)
        work = size * _CHAIN[rule]
        if rule != "validate":
            return _Count(work=work)
        validation = read_json(_RESULTS / "examples" / str(examples) / "validation.json")
        return _Count(size, sum(verdict["accepted"] for verdict in validation["examples"]), work)

    @property
    def candidates(self) -> int:
        """How many candidates are made and judged."""
        return self._tally.candidates + self._in_ranges.candidates

    @property
    def accepted(self) -> int:
        """How many of them are accepted."""
        return self._tally.accepted + self._in_ranges.accepted

    @property
    def work(self) -> float:
        """How many candidates are made, those that are half made by their share."""
        return (self._tally.work + self._in_ranges.work) / _WHOLE

    @property
    def rest(self) -> float:
        """How many candidates are still to be made: of those that are planned, or, where these will not do by what is
        accepted so far, of those that it takes."""
        end = self.windows.ids(self.planned - 1).stop
        candidates, accepted = self.candidates, self.accepted
        if accepted and candidates >= _TELLING:
            end = max(end, min(self.wanted * candidates / accepted, self.windows.max_candidates))
        return max(0.0, end - self.work)


class Progress:
    """How far a run is. Times are those of `clock`, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begin = clock()
        self._running: dict[int, Job] = {}
        self._failed: set[int] = set()
        self._steps = (0, 0)
        self._pace = Pace(self._begin)
        self._begun, self._planning = False, ""
        self._is_stopped: Callable[[], bool] = lambda: False
        self.dataset: Dataset | None = None

    def begin(
        self,
        dataset: Dataset | None,
        standing: Iterable[tuple[str, Mapping[str, str]]] = (),
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Jobs begin, for the dataset if that is to be made. Those of rules and wildcards in `standing` are finished
        by earlier runs; `is_stopped` is whether somebody has stopped this one."""
        self.dataset, self._is_stopped, self._begun = dataset, is_stopped, True
        if dataset is not None:
            # The last window first: what its tally counts need not be looked at.
            for rule, wildcards in sorted(standing, key=lambda job: (job[0] not in _CHAIN, *job[1].values()))[::-1]:
                dataset.take(rule, wildcards)
            self._pace = Pace(self._clock(), dataset.work)

    def plan(self, text: str) -> None:
        """Before jobs begin, this is done."""
        self._planning = text

    def start(self, number: int, job: Job) -> None:
        """A job starts, or is sent elsewhere."""
        self._running[number] = job

    def finish(self, number: int) -> None:
        """A job is finished."""
        self._failed.discard(number)
        job = self._running.pop(number, None)
        if job is not None and self.dataset is not None:
            self.dataset.take(job.rule, job.wildcards)
            if job.rule in _CHAIN:
                self._pace.note(self._clock(), self.dataset.work)

    def fail(self, number: int) -> None:
        """A job has failed; it may be tried again."""
        self._running.pop(number, None)
        self._failed.add(number)

    def step(self, done: int, total: int) -> None:
        """So many of all jobs that are known are finished."""
        self._steps = done, total

    @property
    def shards(self) -> int:
        """How many shards are written."""
        return len(self.dataset.shards) if self.dataset else 0

    def parts(self) -> Iterator[Part]:
        """What the line tells, the first thing first."""
        if not self._begun:
            since = self._clock() - self._begin
            yield Part("planning" + (f", {duration(since)}" if since >= 2 else ""), 9)
            if self._planning:
                yield Part(one_line(self._planning), 2)
            return
        if self.dataset is not None:
            yield from self._parts_of(self.dataset)
        elif self._steps[1]:
            yield Part("step {:,} of {:,}".format(*self._steps), 9)
        if self._failed:
            yield Part(f"{len(self._failed)} failed", 8)
        if doing := self._doing():
            yield doing

    def _parts_of(self, dataset: Dataset) -> Iterator[Part]:
        candidates, accepted = dataset.candidates, dataset.accepted
        more = accepted > dataset.wanted
        yield Part(
            f"accepted {accepted:,} " + (f"({dataset.wanted:,} wanted)" if more else f"of {dataset.wanted:,}"), 9
        )
        yield Part(f"candidates {candidates:,}" + (f" ({accepted / candidates:.0%})" if candidates else ""), 5)
        rate, rest = self._pace.rate(), dataset.rest
        if rate is not None and rest:
            yield Part(frequency(rate), 3)
        published = "" if dataset.published is None else f", {dataset.published} published"
        yield Part(f"shards {len(dataset.shards)} of {dataset.planned}{published}", 4)
        left = self._pace.left(rest, self._clock())
        if left is not None and rest:
            yield Part(f"{duration(left)} left" if left >= 1 else "seconds left", 6)

    def _doing(self) -> Part | None:
        """What runs now, or is waited for."""
        jobs = [job for job in self._running.values() if job.rule != "all"]
        counts = Counter(job.rule.replace("_", " ") for job in jobs)
        words = ", ".join(name if count == 1 else f"{name} x{count}" for name, count in counts.items())
        if self._is_stopped():
            return Part(f"stopping, jobs that still run: {words or 'none'}", 8)
        if until := max(filter(None, map(_waits_until, jobs)), default=None):
            return Part(f"waiting for the Hub until {time.strftime('%H:%M', time.localtime(until))}", 7)
        # The rules of a range are one job there.
        if elsewhere := {job.wildcards.get("examples", n) for n, job in self._running.items() if job.elsewhere}:
            return Part(f"jobs on the cluster: {len(elsewhere):,}", 7)
        makes = self.dataset is not None and self.dataset.rest > 0
        return Part(words, 2 if makes else 7) if words else None


def _waits_until(job: Job) -> float | None:
    """Until when a job waits for the Hub, in seconds since 1970; None where it does not."""
    if job.rule in _PUBLISHING and job.log:
        with suppress(OSError, ValueError):
            until = float(Path(job.log).with_suffix(_UNTIL).read_text())
            return until if until > time.time() else None
    return None


def fit(parts: Iterable[Part], width: int) -> str:
    """The parts in one line of at most `width` characters: those of the lowest ranks are left out, at last any are
    cut."""
    kept = list(parts)
    while len(text := SEPARATOR.join(part.text for part in kept)) > width and len(kept) > 1:
        kept.remove(min(kept, key=lambda part: part.rank))
    return text[: max(0, width)]
