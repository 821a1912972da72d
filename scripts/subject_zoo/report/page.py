"""The page: sections in their frame, one file that asks for no other."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import digest_of
from subject_zoo.base.lines import one_line
from subject_zoo.dataset.cautions import cautions
from subject_zoo.dataset.layout import MANIFEST
from subject_zoo.dataset.received import Received
from subject_zoo.judge.rungs import read_ladder
from subject_zoo.report.charts.scale import percent
from subject_zoo.report.facts import Facts, read_facts
from subject_zoo.report.palette import DARK, LIGHT, variables
from subject_zoo.report.parts import Section
from subject_zoo.report.sections.accuracy import accuracy
from subject_zoo.report.sections.curves import curves
from subject_zoo.report.sections.funnel import funnel
from subject_zoo.report.sections.ladder import ladder, not_measured
from subject_zoo.report.sections.lengths import lengths, sample_lengths
from subject_zoo.report.sections.origin import origin
from subject_zoo.report.sections.rates import rates
from subject_zoo.report.sections.repairs import repairs, whole_changes
from subject_zoo.report.sections.signatures import signatures
from subject_zoo.report.sections.stories import stories
from subject_zoo.report.sections.times import Job, duration, times
from subject_zoo.report.spread import spread


def report(folder: Path, ladder_file: Path | None = None, jobs: Sequence[Job] = (), trusted: bool = False) -> bytes:
    """The page of a dataset folder, UTF-8.

    `ladder_file` is what `subject-zoo baseline --json` wrote; `jobs` is the work that made the dataset, where that is
    known. Equal arguments give equal bytes. Raises UserError where the folder is no dataset or cannot be read, or the
    ladder's file is none.
    """
    received = Received(folder, trusted)
    rungs = None if ladder_file is None else read_ladder(ladder_file)
    try:
        with np.errstate(all="ignore"):  # what is no number is an error where it is drawn
            facts = read_facts(received)
            return _page(facts, _ladder(facts, ladder_file, rungs), jobs).encode()
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        pa.ArrowException,
    ) as error:
        why = one_line(getattr(error, "strerror", None) or error)
        raise UserError(f"{folder}: cannot be reported on ({why}); subject-zoo verify tells what is wrong") from None


def _ladder(facts: Facts, file: Path | None, rungs: Mapping[str, Any] | None) -> Section:
    """Raises UserError for a report that lacks what is shown of it."""
    if rungs is None:
        return not_measured()
    try:
        return ladder(rungs, rungs["dataset"]["manifest_sha256"] == digest_of(facts.folder.read(MANIFEST)))
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        raise UserError(f"{file}: not what subject-zoo baseline --json writes") from None


def _page(facts: Facts, beaten: Section, jobs: Sequence[Job]) -> str:
    told = stories(facts)
    made = (
        funnel(facts),
        accuracy(facts),
        rates(facts),
        curves(facts),
        repairs(facts),
        signatures(facts),
        beaten,
        lengths(facts),
        times(facts, jobs),
        origin(facts),
    )
    sections: list[Section] = [section for section in made if section is not None]
    links = [("story", "One record, told")] * bool(told) + [(section.key, section.name) for section in sections]
    total = facts.manifest["num_examples"]
    kind = "small networks, degraded and mended" if facts.mends else "small networks"
    return Template(_file("page.html")).substitute(
        title=f"Subject Zoo: {total:,} {kind}",
        count=f"{total:,}",
        kind=kind,
        notes="".join(f'<p class="note">{escape(note)}</p>' for note in _notes(facts)),
        style=_file("page.css").replace("/* light */", variables(LIGHT)).replace("/* dark */", variables(DARK)),
        script=_file("page.js"),
        numbers=_numbers(facts, jobs),
        links="".join(f'<a href="#{key}">{escape(name)}</a>' for key, name in links),
        story=_file("story.html") if told else '<section id="story"><p class="note">No record yet.</p></section>',
        sections="".join(section.markup() for section in sections),
        stories=_json(told),
    )


def _notes(facts: Facts) -> Iterator[str]:
    """What is said before anything else."""
    if not facts.manifest["finished"]:
        yield "Unfinished: more records are to come."
    if len(facts.records) < facts.manifest["num_examples"]:
        yield f"Medians are of {facts.these_records}."
    for caution in cautions(facts.manifest["config"]):
        yield f"{caution[0].upper()}{caution[1:]}."


def _numbers(facts: Facts, jobs: Sequence[Job]) -> str:
    """The few numbers that stand above all."""
    found: list[tuple[str, str]] = [(f"{facts.manifest['num_examples']:,}", "records")]
    if facts.validity is not None and facts.validity["funnel"]["acceptance"] is not None:
        found.append((percent(facts.validity["funnel"]["acceptance"]), "of candidates accepted"))
    if facts.records and facts.mends:
        targets = [record.metadata["target_pattern"] for record in facts.records]
        before, after = (
            spread([r.metadata[stage]["accuracy"][name] for r, name in zip(facts.records, targets, strict=True)]).middle
            for stage in ("degraded", "improved")
        )
        found.append((f"{percent(before)} → {percent(after)}", "the target's accuracy"))
        found.append((percent(spread([one.share for one in whole_changes(facts)]).middle), "of the numbers change"))
    for task, own in sample_lengths(facts, "chars").items():
        found.append((f"{spread(own).middle:,.0f}", f"characters, {task}"))
    if jobs:
        found.append((duration(sum(job.end - job.start for job in jobs)), "of work, all jobs together"))
    return "".join(f"<div><b>{escape(number)}</b><span>{escape(what)}</span></div>" for number, what in found)


def _json(value: Any) -> str:
    """A value as JSON that no browser takes for markup."""
    text = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _file(name: str) -> str:
    return (files("subject_zoo.report") / name).read_text(encoding="utf-8")
