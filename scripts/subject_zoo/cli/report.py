"""A dataset as a page for a browser."""

import argparse
from pathlib import Path
from typing import Any

from subject_zoo.cli.arguments import command_on_folder, output_file
from subject_zoo.cli.telling import tell


def add(commands: Any) -> None:
    words = "a dataset folder on one page for a browser: figures, and records as stories"
    command = command_on_folder(commands, run, "report", help=words, description="Writes the page, one file.")
    command.add_argument("-o", "--output", type=output_file, default="report.html", metavar="OUT", help="(report.html)")
    command.add_argument("--ladder", type=Path, metavar="FILE", help="what baseline --json wrote, to be shown too")


def run(options: argparse.Namespace) -> int:
    from subject_zoo.base.files import atomic_write  # loads the numeric libraries with the next line
    from subject_zoo.report.page import report

    page = report(options.folder, options.ladder, trusted=options.trust)
    atomic_write(options.output, page)
    tell(f"{options.output}: {len(page) / 1e6:.1f} MB, for a browser")
    return 0
