"""How a run is stopped: Ctrl-C ends its jobs at once, SIGTERM lets those that run come to their end.

Jobs ignore Ctrl-C (`DEAF` in their shells sees to that, before Python starts in them), which a terminal sends to all
processes. They are ended from here, by SIGTERM, of which Python dies without a word.
"""

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType

import psutil

from main_process.one_run import is_job

# Before each job's command; the first part is Snakemake's own.
DEAF = "set -euo pipefail; trap '' INT;"

_ANY = re.compile(r"\.py\b")
_PUBLISHING = re.compile(r"\.(create_repository|publish_\w+)\.py\b")
_PATIENCE = 10.0  # seconds until jobs that were asked to end are killed


class Stop:
    """Whether the run was stopped by a person, and by which signal."""

    def __init__(self, last_words: Callable[[], None]) -> None:
        self.signal: int | None = None
        self._last_words = last_words
        self._times = 0
        self._gracefully: Callable[..., None] | None = None

    def listen(self) -> None:
        """Handle signals from now on, as long as no job runs: end at once. Beside the main thread there are none."""
        if threading.current_thread() is not threading.main_thread():
            return
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._end)
        sys.excepthook = self._quiet
        sys.unraisablehook = lambda about: None if self.signal else sys.__unraisablehook__(about)

    def listen_while_jobs_run(self) -> None:
        """Handle SIGTERM from now on as Snakemake does, who has set its own handler: begin no job, wait for the others.

        But not for those that wait for the Hub, as they may for hours: they end at once.
        """
        if callable(gracefully := signal.getsignal(signal.SIGTERM)):
            self._gracefully = gracefully
            signal.signal(signal.SIGTERM, self._finish)

    def ignore(self) -> None:
        """Take no notice of signals from now on: all is made, and the run is not to end as if it had been stopped."""
        if signal.getsignal(signal.SIGINT) == self._interrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.signal, self._times = number, self._times + 1
        if self._times == 1:
            threading.Thread(target=self._end_jobs, daemon=True).start()
            raise KeyboardInterrupt
        if self._times > 2:
            self._last_words()
            os._exit(128 + number)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        raise SystemExit(128 + number)

    def _finish(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        # Not here: Snakemake's handler takes a lock, which this very thread may hold.
        threading.Thread(target=self._finish_jobs, daemon=True).start()

    def _finish_jobs(self) -> None:
        if self._gracefully is not None:
            self._gracefully()
        _signal_jobs(psutil.Process.terminate, _PUBLISHING)

    def _end_jobs(self) -> None:
        """Also those that are just being started; and where Snakemake swallowed the interrupt, no new ones."""
        begin = time.monotonic()
        while True:
            late = self._times > 1 or time.monotonic() - begin > _PATIENCE
            _signal_jobs(psutil.Process.kill if late else psutil.Process.terminate)
            time.sleep(0.2)
            if self._gracefully is not None and time.monotonic() - begin > 1:
                self._gracefully()
                self._gracefully = None

    def _quiet(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not self.signal:
            sys.__excepthook__(kind, error, trace)


def _signal_jobs(send: Callable[[psutil.Process], None], named: re.Pattern[str] = _ANY) -> None:
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            if is_job(process) and named.search(" ".join(process.cmdline())):
                for one in (*process.children(recursive=True), process):
                    send(one)
