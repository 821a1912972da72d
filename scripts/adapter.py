"""What all scripts share in meeting Snakemake: where they log, how a person's mistake is shown, and that the files they
read are those that were made."""

import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from subject_zoo.base.checksums import check_files, keep_checksums
from subject_zoo.base.errors import UserError, system_trouble


class _Waiting(logging.Handler):
    """Keeps beside a rule's log, where the run's own process looks, until when its job waits."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._path = log.with_suffix(".until")

    def emit(self, record: logging.LogRecord) -> None:
        if until := getattr(record, "until", None):
            with suppress(OSError):
                self._path.write_text(str(until))


def tell_on_terminal(snakemake: Any) -> None:
    """Show what the library logs on the terminal too: what is waited for; and on the line of the run, until when."""
    logger = logging.getLogger("subject_zoo")
    logger.addHandler(logging.StreamHandler())
    logger.addHandler(_Waiting(Path(snakemake.log[0])))


@contextmanager
def rule_log(snakemake: Any) -> Iterator[logging.Logger]:
    """A logger into the rule's log file; a UserError inside becomes one line there and on the terminal, exit 1, and a
    full disk or the like one line on the terminal.

    The rule's inputs are held against their checksums before, those of its outputs are kept after.
    """
    logging.raiseExceptions = False  # a log that cannot be written is no reason to fail, nor for tracebacks
    logger = logging.getLogger(snakemake.rule)
    gc.freeze()  # what was imported is not looked through for garbage again
    try:
        path = Path(snakemake.log[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        logging.basicConfig(filename=path, filemode="w", level=logging.INFO, format="%(asctime)s %(message)s")
        check_files(dict.fromkeys(snakemake.input))
        yield logger
        keep_checksums(snakemake.output)
        gc.freeze()  # nor is all that was made, when Python ends: that took 30 ms
    except UserError as error:
        logger.error("failed: %s", error)
        sys.exit(f"{snakemake.rule}: {error}")
    except Exception as error:
        trouble = system_trouble(error)
        logger.exception("failed: %s", trouble or f"{type(error).__name__}: {error}")
        if trouble is None:
            raise
        sys.exit(f"{snakemake.rule}: {trouble}")
