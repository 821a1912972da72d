"""Pages to look at in a browser: python -m tests.report.pages FOLDER

They are written by the project's own environment, since that of the browser has nothing of it.
"""

import sys
from pathlib import Path

from subject_zoo.report.page import report
from tests.conftest import DEFAULT
from tests.finished_dataset import hide, make_dataset, read_facts, tiny_config, write_manifest
from tests.report.folders import HOSTILE, JOBS, LEFT_OUT, emptied, told_folder, write_ladder

FEW = {"num_examples": 3, "examples_per_job": 4}
ALL = {"num_examples": 24, "examples_per_job": 20, "patterns": {"enabled": DEFAULT["patterns"]["enabled"]}}


def write_pages(folder: Path) -> None:
    """One of all patterns, one of a task, one of a folder without figures and of hostile words, one of no record."""
    folder.mkdir(parents=True, exist_ok=True)
    work = folder / "datasets"
    ladder = write_ladder(folder / "ladder.json", "")
    whole = told_folder(work / "whole", tiny_config(ALL))
    (folder / "whole.html").write_bytes(report(whole, ladder, JOBS))
    alone = told_folder(work / "alone", tiny_config(FEW, LEFT_OUT["classification"]))
    (folder / "alone.html").write_bytes(report(alone))
    make_dataset(work / "hostile", tiny_config(FEW))
    facts = read_facts(work / "hostile")
    write_manifest(work / "hostile", facts | {"license": HOSTILE, "environment": {HOSTILE: HOSTILE}})
    hide(work / "hostile")
    (folder / "hostile.html").write_bytes(report(work / "hostile", ladder, JOBS))
    (folder / "none.html").write_bytes(report(emptied(alone)))


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
