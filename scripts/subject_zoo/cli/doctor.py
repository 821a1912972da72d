"""Whether a machine is ready."""

import argparse
import json
from pathlib import Path
from typing import Any

from subject_zoo.cli.arguments import whole_number
from subject_zoo.cli.telling import tell


def add(commands: Any) -> None:
    command = commands.add_parser(
        "doctor",
        help="whether this machine is ready for a run, and what to do where it is not",
        description="Exit status 0 where it is ready.",
    )
    command.add_argument("--records", type=whole_number, metavar="N", help="of a run for so many (num_examples)")
    command.add_argument(
        "--configfile", type=Path, action="append", default=[], metavar="FILE", help="laid over config.yaml; may repeat"
    )
    command.add_argument("--directory", type=Path, default=Path(), metavar="FOLDER", help="where the run works (here)")
    command.add_argument("--json", action="store_true", help="print one JSON object instead")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from subject_zoo.doctor.examine import as_json, examine, is_ready, lines

    findings = list(examine(options.directory, options.configfile, options.records))
    for line in [json.dumps(as_json(findings))] if options.json else lines(findings):
        tell(line)
    return 0 if is_ready(findings) else 1
