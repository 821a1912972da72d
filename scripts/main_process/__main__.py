"""Snakemake as `make run` starts it: python scripts/main_process ARGUMENTS-OF-SNAKEMAKE

What Snakemake meets before it reads the Snakefile, and would end in a traceback or not at all, is one line here: a
configuration without an end, a home that is none, and Ctrl-C or SIGTERM while it is loaded, which takes a second.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

_NOTHING_DONE = b"stopped; nothing was begun yet: type the same command to go on\n"


def _end(number: int, frame: FrameType | None) -> None:
    os.write(2, _NOTHING_DONE)
    os._exit(128 + number)  # no other words: half of Snakemake may be loaded


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)  # until rules/run.smk has its own
    sys.path[0] = str(Path(__file__).parents[1])  # was this very folder, as a file's that is run

    from subject_zoo.base.errors import UserError
    from subject_zoo.config.command_line import check_arguments

    try:
        check_arguments(sys.argv[1:])
    except UserError as mistake:
        sys.exit(str(mistake))

    sys.argv.insert(1, "--logger=subject-zoo")  # the line of a run, in snakemake_logger_plugin_subject_zoo/

    from snakemake.cli import main
    from snakemake.common import get_appdirs

    try:
        os.makedirs(cache := get_appdirs().user_cache_dir, exist_ok=True)
    except OSError as error:
        what = "Snakemake keeps files there; set HOME or XDG_CACHE_HOME to a folder that can be written"
        sys.exit(f"{cache}: cannot be made ({error.strerror}): {what}")
    main()
