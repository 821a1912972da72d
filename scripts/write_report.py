"""Tell of the finished dataset on one page: figures, and records as stories."""

import json
from collections.abc import Iterator
from pathlib import Path

from adapter import rule_log

from subject_zoo.base.files import atomic_write
from subject_zoo.report.page import report
from subject_zoo.report.sections.times import Job

# What Snakemake notes of each file that it made: a job of several has as many notes, told apart by their log.
NOTES = Path(".snakemake/metadata")


def jobs(but: str) -> Iterator[Job]:
    """The work behind the files that stand, but for a rule's; none where Snakemake keeps no notes, or other ones."""
    seen = set()
    for path in sorted(path for path in NOTES.glob("**/*") if path.is_file()):
        try:
            note = json.loads(path.read_bytes())
            job = Job(note["rule"], float(note["starttime"]), float(note["endtime"]))
            key = (job.step, *note["log"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if job.step != but and key not in seen:
            seen.add(key)
            yield job


with rule_log(snakemake) as log:
    folder, page_file = Path(snakemake.input[0]).parent, Path(snakemake.output[0])
    ladder = page_file.with_name("ladder.json") if snakemake.params.settings["ladder"] else None
    page = report(folder, ladder, list(jobs(but=snakemake.rule)), trusted=True)
    atomic_write(page_file, page)
    log.info("%d bytes", len(page))
