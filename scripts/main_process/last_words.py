"""The last words of a run: what it made; or what failed, or that it was stopped, and how to go on.

They are said when the process ends, below whatever Snakemake says. What Snakemake says of troubles that have nothing to
do with its work, a full disk above all, is put in one line on its way through Snakemake's logger.
"""

import atexit
import json
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake.exceptions import IncompleteFilesException, LockException
from snakemake_interface_logger_plugins.common import LogEvent

from main_process.failures import Failures
from main_process.one_run import other_run
from main_process.stop import Stop
from subject_zoo.base.errors import system_trouble
from subject_zoo.base.running import Presence

_RECORDS = Path(".snakemake/metadata")
_GO_ON = "type the same command to go on"


class LastWords(logging.Filter):
    """What a run ends with. A filter, since that sees each record before it is shown, and may change it.

    Attributes:
        good_news: the lines on what there is after a run that took so many seconds; after None, nothing was to be done.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stop = Stop(self.say)
        self.failures = Failures()
        self.presence: Presence | None = None
        self.good_news: Callable[[float | None], Iterable[str]] = lambda seconds: ()
        self._begin = time.monotonic()
        self._line: logging.Handler | None = None
        self._ended_well = False
        self._news: list[str] = []
        self._trouble = False

    def attend(self, line: logging.Handler | None) -> None:
        """Be there from now on, to the end of the process. The line of the run is taken away before they are said."""
        self._line = line
        logging.raiseExceptions = False  # or each line for a log that cannot be written would be a traceback
        logging.getLogger("snakemake.logging").addFilter(self)
        self.stop.listen()
        atexit.register(self.say)

    def end_well(self) -> None:
        """All is made: nothing is left to say, nor to be stopped."""
        self._ended_well = True
        self.stop.ignore()
        self._news = list(self.good_news(time.monotonic() - self._begin))
        self._end_line()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown: errors are not, after Ctrl-C."""
        self.failures.take(record)
        if record.msg == NOTHING_TO_BE_DONE_MSG:
            self._news = list(self.good_news(None))  # now: in the end, Snakemake is in another folder
        if self.stop.signal == signal.SIGINT and record.levelno >= logging.ERROR:
            return False
        if record.__dict__.get("event") == LogEvent.ERROR and (line := self._in_one_line(sys.exc_info()[1])):
            record.msg, record.args = line, None
        return True

    def _in_one_line(self, error: BaseException | None) -> str | None:
        match error:
            case LockException() if self.presence is not None:
                return other_run(self.presence)
            case IncompleteFilesException():
                return "a run was killed here and left files half made: type the same command with --rerun-incomplete"
            case ValueError() if (record := _spoilt_record()) is not None:
                line: str | None = f"{record}: what Snakemake noted there of a file cannot be read; delete it"
            case _:
                line = system_trouble(error)
        self._trouble = self._trouble or line is not None
        return line

    def _end_line(self) -> None:
        if self._line is not None:
            self._line.close()

    def say(self) -> None:
        """Say them."""
        self._end_line()
        lines = [] if self._ended_well or self.stop.signal == signal.SIGINT else list(self.failures.lines())
        if self.stop.signal is not None and not self._ended_well:
            lines.append(f"stopped; what is finished is kept: {_GO_ON}")
        elif lines or self._trouble:
            lines.append(f"what is finished is kept: mend that, and {_GO_ON}")
        with suppress(OSError):  # nobody may be there any more to read them
            for line in lines or self._news:
                print(line, file=sys.stderr, flush=True)
        if self.presence is not None:
            self.presence.leave(well=not lines)


def _spoilt_record() -> Path | None:
    """One of Snakemake's notes on files that it made that is no JSON, if there is one: Snakemake says no name."""
    for record in filter(Path.is_file, sorted(_RECORDS.glob("**/*"))):
        try:
            json.loads(record.read_bytes())
        except ValueError:
            return record
    return None
