"""What all scripts share in meeting Snakemake: where they log, how a person's mistake is shown, and that the files they
read are those that were made."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from subject_zoo.base.checksums import check_files, keep_checksums
from subject_zoo.base.errors import UserError, system_trouble


def tell_on_terminal() -> None:
    """Show what the library logs on the terminal too: what is waited for."""
    logging.getLogger("subject_zoo").addHandler(logging.StreamHandler())


@contextmanager
def rule_log(snakemake: Any) -> Iterator[logging.Logger]:
    """A logger into the rule's log file; a UserError inside becomes one line there and on the terminal, exit 1.

    The rule's inputs are held against their checksums before, those of its outputs are kept after.
    """
    logging.raiseExceptions = False  # a log that cannot be written is no reason to fail, nor for tracebacks
    logger = logging.getLogger(snakemake.rule)
    try:
        path = Path(snakemake.log[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        logging.basicConfig(filename=path, filemode="w", level=logging.INFO, format="%(asctime)s %(message)s")
        check_files(dict.fromkeys(snakemake.input))
        yield logger
        keep_checksums(snakemake.output)
    except Exception as error:
        line = str(error) if isinstance(error, UserError) else system_trouble(error)
        if line is None:
            logger.exception("failed: %s: %s", type(error).__name__, error)
            raise
        logger.error("failed: %s", line)
        sys.exit(f"{snakemake.rule}: {line}")
