"""Python, and the packages that it has, of those that a run needs at the versions that it is tested with."""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from subject_zoo.base.lines import one_line
from subject_zoo.doctor.asked import Asked
from subject_zoo.doctor.finding import Finding, fail, ok, warn
from subject_zoo.provenance.packages import version_of

WORKFLOW = "workflow"  # what an installed package lacks
_TO_TEST = "# To test"  # begins the section of requirements.txt that no run needs
_SHOWN = 6
_INSTALL = "make run installs all of it in .venv (2.3 GB); elsewhere: pip install -r requirements.txt"
# What a run can do without, and what for it is needed.
_USES = {
    "torch": "a GPU, or a record's network as a torch module",
    "ziglang": "compiling kernels",
    "huggingface_hub": "publishing",
    "httpx2": "publishing",
    "tokenizers": "format.tokenizer",
    "datasets": "loading a dataset as its card says",
    "snakemake-executor-plugin-slurm": "a cluster",
}
# The extras of an installed package, and what for each is needed.
_EXTRAS = {
    "torch": "a record's network as a torch module",
    "baseline": "the ladder of programs that are no interpreters (subject-zoo baseline)",
    "integrations": "loading a dataset as its card says",
}


def python(_: Asked) -> Iterator[Finding]:
    """The Python that runs this; under one that is too old the command line says so, and nothing else."""
    yield ok("Python", f"{'.'.join(map(str, sys.version_info[:3]))}, {one_line(sys.executable)}")


def packages(asked: Asked) -> Iterator[Finding]:
    """What is installed against requirements.txt; of an installed package, against what it declares."""
    if asked.clone is None:
        yield from _declared()
    else:
        yield from _pinned(asked.clone)


def _pinned(clone: Path) -> Iterator[Finding]:
    to_run, _, to_test = (clone / "requirements.txt").read_text(encoding="utf-8").partition(_TO_TEST)
    run, test = _pins(to_run), _pins(to_test)
    found = {name: version_of(name).partition("+")[0] for name in run | test}  # torch's builds are 2.13.0+cpu
    missing = [name for name in run if found[name] == "none"]
    if needed := [name for name in missing if name not in _USES]:
        yield fail("packages", f"not installed: {', '.join(needed)}", _INSTALL)
    if useful := [f"{name} ({_USES[name]})" for name in missing if name in _USES]:
        yield warn("packages", f"not installed, each for a use of its own: {', '.join(useful)}", _INSTALL)
    if other := [f"{name} {found[name]} (not {pin})" for name, pin in run.items() if found[name] not in (pin, "none")]:
        yield warn("packages", f"of other versions than in requirements.txt: {_some(other)}", _INSTALL)
    if not missing and not other:
        yield ok("packages", f"all {len(run)} that a run can need, at the versions of requirements.txt")
    if wrong := [name for name, pin in test.items() if found[name] != pin]:
        yield warn("packages", f"to test, missing or of another version: {_some(wrong)}", _INSTALL)


def _pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE))


def _declared() -> Iterator[Finding]:
    bounds = _bounds()
    if wrong := _unmet(bounds.get("", {})):
        yield fail("packages", f"missing or too old: {_some(wrong)}", "pip install --force-reinstall subject-zoo")
    else:
        yield ok("packages", "all that is needed to read, show, verify and score datasets")
    wrong = _unmet(bounds.get("pipeline", {}))
    lacks = f", and not installed or too old: {_some(wrong)}" if wrong else ""
    yield fail(
        WORKFLOW,
        f"not here: this is the library alone, installed without the Snakefile{lacks}",
        "to make datasets: take a clone of the repository; there type make run, or pip install '.[pipeline]'",
    )
    for extra, use in _EXTRAS.items():
        if wrong := _unmet(bounds.get(extra, {})):
            advice = f"pip install 'subject-zoo[{extra}]'"
            yield warn("packages", f"not installed or too old: {_some(wrong)}, which is for {use}", advice)


def _bounds() -> dict[str, dict[str, str]]:
    """The least versions that this package declares, by extra ("" for none) and name; what is for other systems is
    left out."""
    try:
        declared = requires("subject-zoo") or []
    except PackageNotFoundError:  # the sources alone, on a path
        return {}
    bounds: dict[str, dict[str, str]] = {}
    for text in declared:
        requirement, _, marker = text.partition(";")
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", marker)
        if (found := re.match(r"([\w.-]+)(?:>=([\d.]+))?", requirement)) and (extra or not marker):
            bounds.setdefault(extra[1] if extra else "", {})[found[1]] = found[2] or "0"
    return bounds


def _unmet(bounds: Mapping[str, str]) -> list[str]:
    return [name for name, least in bounds.items() if not _is_met(name, least)]


def _is_met(name: str, least: str) -> bool:
    try:
        return _numbers(version(name)) >= _numbers(least)
    except PackageNotFoundError:
        return False


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text.partition("+")[0])]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
