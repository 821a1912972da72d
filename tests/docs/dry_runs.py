"""Dry runs of Snakemake, each in a child of one process that has loaded it: loading it takes longer than most of them.

python dry_runs.py < [["--cores", "1"], ...]     prints [[exit status, what was told], ...] as JSON
"""

import json
import os
import sys
import tempfile

import snakemake.cli


def told(arguments: list[str]) -> tuple[int, str]:
    """The exit status of a dry run, and all that it printed."""
    with tempfile.TemporaryFile() as printed:
        if (child := os.fork()) == 0:
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            sys.argv[1:] = [*arguments, "--dry-run"]
            snakemake.cli.main(sys.argv[1:])  # ends the process
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        printed.seek(0)
        return status, printed.read().decode()


if __name__ == "__main__":
    json.dump([told(arguments) for arguments in json.load(sys.stdin)], sys.stdout)
