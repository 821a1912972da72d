"""All checks, one after the other, and what they come to."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from subject_zoo import __version__
from subject_zoo.base.errors import UserError
from subject_zoo.base.lines import one_line
from subject_zoo.doctor import disk, kernels, machine, services, software
from subject_zoo.doctor.asked import Asked, find_clone, read_config
from subject_zoo.doctor.finding import Finding, Level, fail, ok, warn

CHECKS: tuple[Callable[[Asked], Iterator[Finding]], ...] = (
    software.python,
    software.packages,
    kernels.kernels,
    kernels.compiler,
    machine.processor,
    machine.memory,
    disk.room,
    disk.folder,
    disk.cache,
    machine.gpu,
    services.slurm,
    services.hub_login,
    services.datasets_cache,
    services.text,
)

WIDTH = 100  # columns of the terminal that lines are for
_INDENT = 18


def examine(folder: Path, overlays: Sequence[Path] = (), records: int | None = None) -> Iterator[Finding]:
    """What each check finds, for a run in `folder` of this clone's configuration, overlaid, of so many records, or as
    many as that says. An installed package has neither: what a run needs of a machine is told as it is.

    What a check needs and is not there is a finding, and no error.
    """
    clone, config = find_clone(), None
    if clone is not None:
        try:
            config = read_config(clone, overlays, records)
            files = ", ".join(one_line(path) for path in (clone / "config.yaml", *overlays))
            yield ok("run", f"{config['num_examples']:,} records, of {files}")
        except UserError as error:
            yield fail("run", str(error), "mend it: no run begins with that")
        except ImportError as error:
            yield fail("run", f"its configuration cannot be read: {one_line(error)}", "see packages, below")
    for check in CHECKS:
        yield from _found(check, Asked(clone, folder, config))


def _found(check: Callable[[Asked], Iterator[Finding]], asked: Asked) -> Iterator[Finding]:
    try:
        yield from check(asked)
    except ImportError as error:
        yield warn(check.__name__, f"could not be looked at: {one_line(error)}", "see packages, above")
    except OSError as error:
        yield warn(check.__name__, f"could not be looked at: {one_line(error)}", "see whether that is meant")


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """A line for each finding, another for each advice, and what it comes to."""
    yield f"subject-zoo {__version__}: is this machine ready?"
    yield ""
    told = ""
    for finding in findings:
        yield from _wrapped(finding.said, f"{finding.level:5} {finding.what:12}")
        if finding.advice not in ("", told):
            yield from _wrapped(finding.advice, " " * (_INDENT - 3) + "-> ")
        told = finding.advice
    yield ""
    yield _verdict(findings)


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """The same for machines."""
    found = [{"level": str(f.level), "what": f.what, "said": f.said, "advice": f.advice} for f in findings]
    return {"version": __version__, "ready": is_ready(findings), "findings": found}


def is_ready(findings: Sequence[Finding]) -> bool:
    """Whether a run can work."""
    return all(finding.level is not Level.FAIL for finding in findings)


def _verdict(findings: Sequence[Finding]) -> str:
    if [finding.what for finding in findings if finding.level is Level.FAIL] == [software.WORKFLOW]:
        return "Datasets can be read, shown, verified and scored here. To make some, see workflow, above."
    count = {level: sum(finding.level is level for finding in findings) for level in Level}
    if failed := count[Level.FAIL]:
        return f"A run cannot work here yet: {failed} {'thing has' if failed == 1 else 'things have'} to be mended."
    warned = f"; {count[Level.WARN]} to be known before" if count[Level.WARN] else ""
    return f"A run can work here: make run{warned}."


def _wrapped(words: str, head: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent=head, subsequent_indent=" " * _INDENT, break_on_hyphens=False)
