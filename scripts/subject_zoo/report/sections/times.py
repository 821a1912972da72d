"""How long the work took, by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from subject_zoo.report.charts.bars import Bar, bars
from subject_zoo.report.facts import Facts
from subject_zoo.report.parts import Figure, Section, table


@dataclass(frozen=True)
class Job:
    """A piece of work of a step, from one second to another of the same clock."""

    step: str
    start: float
    end: float


def seconds_by_step(jobs: Sequence[Job]) -> dict[str, tuple[int, float]]:
    """By step, the one that began first at the head: how many jobs, and how many seconds they took together."""
    found: dict[str, tuple[int, float]] = {}
    for job in sorted(jobs, key=lambda job: (job.start, job.step)):
        count, seconds = found.get(job.step, (0, 0.0))
        found[job.step] = (count + 1, seconds + job.end - job.start)
    return found


def times(facts: Facts, jobs: Sequence[Job]) -> Section | None:
    """Nothing of a folder whose jobs nobody knows."""
    if not jobs:
        return None
    by_step: Mapping[str, tuple[int, float]] = seconds_by_step(jobs)
    total = sum(seconds for _, seconds in by_step.values()) or 1.0
    rows = [
        Bar(
            step,
            seconds,
            duration(seconds),
            f"{step}: {duration(seconds)} in {count} jobs, {100 * seconds / total:.0f} %",
        )
        for step, (count, seconds) in by_step.items()
    ]
    longest = max(by_step, key=lambda step: by_step[step][1])
    records = facts.manifest["num_examples"]
    each = f"; {1000 * total / records:,.0f} ms a record" if records else ""
    figure = Figure(
        f"{longest} takes {100 * by_step[longest][1] / total:.0f} % of {duration(total)}{each}",
        bars(rows, "Bars: seconds that the jobs of each step took together", left=150, right=66),
        "Seconds of all jobs of a step together, on one core each, the start of their process included; of files that "
        "earlier runs made, as they took then.",
        table(["step", "jobs", "seconds"], [[step, count, round(s, 1)] for step, (count, s) in by_step.items()]),
    )
    return Section("times", "Where the time goes", "", [figure])


def duration(seconds: float) -> str:
    """Seconds for a person."""
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
