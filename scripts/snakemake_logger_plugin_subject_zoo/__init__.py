"""A logger plugin of Snakemake's: one line that tells how far a run is, in the place of Snakemake's own.

`make run` names it by --logger; rules/run.smk puts it into a plain `snakemake` on a terminal. Snakemake's lines stand
in its log file all the same. Warnings and errors are shown as ever, and so is everything where no line is wanted:
whoever asks for --verbose, --printshellcmds or --quiet, or runs nothing, gets Snakemake's own lines.
"""

import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any, Self

from main_process.line import Line
from main_process.progress import Dataset, Job, Progress
from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

_PAUSE = 0.5  # seconds between two showings
_EARLY = 5.0  # seconds, within which a run is known to be one


class LogHandler(LogHandlerBase):
    """What stands between Snakemake's logger and a person."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        asked = self.common_settings
        stream = sys.stdout if asked.stdout else sys.stderr
        self._snakemakes = ColorizingTextHandler(
            nocolor=asked.nocolor,
            stream=stream,
            formatter=DefaultFormatter(asked.quiet, asked.show_failed_logs),
            filter=DefaultFilter(asked.quiet, asked.debug_dag, asked.verbose, asked.dryrun, asked.printshellcmds),
        )
        self._is_wanted = not (asked.dryrun or asked.quiet or asked.verbose or asked.printshellcmds or asked.debug_dag)
        self._progress = Progress()
        self._jobs_go_elsewhere = False
        self._line = Line(stream)
        self._is_run = False
        self._early: list[logging.LogRecord] = []  # what was said before it is known whether anything is run
        self._start = time.monotonic()
        self._over = Event()

    @classmethod
    def of(cls, workflow: Any) -> Self | None:
        """That of a run of Snakemake's: the one that was asked for, else a new one, on a terminal; None where there is
        none."""
        manager = workflow.logger_manager
        for handler in manager.get_log_handlers():
            if isinstance(handler, cls):
                return handler
        for handler in manager.logger.handlers:
            if isinstance(handler, ColorizingTextHandler) and handler.is_tty:
                manager.logger.removeHandler(handler)
                manager.logger.addHandler(line := cls(manager.settings, None))
                return line
        return None

    def follow(self, workflow: Any, dataset: Dataset | None, is_stopped: Callable[[], bool]) -> None:
        """Jobs begin, for a dataset if that is to be made."""
        dag = workflow.dag
        standing = [(job.rule.name, job.wildcards_dict) for job in dag.jobs if not dag.needrun(job)]
        with self.lock:
            self._jobs_go_elsewhere = not workflow.local_exec
            self._progress.begin(dataset, standing, is_stopped)

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of what a record tells, and show it where it is a warning, an error, or no line is wanted."""
        if not self._is_wanted:
            self._pass_on(record)
        elif not self._is_run:
            self._begin(record)
        else:
            self._take(record.__dict__)
            if record.levelno >= logging.WARNING:
                self._line.erase()
                self._pass_on(record)
                self._show()

    def _begin(self, record: logging.LogRecord) -> None:
        self._early.append(record)
        if record.__dict__.get("event") == LogEvent.WORKFLOW_STARTED:
            self._early.clear()
            self._is_run = True
            self._show()
            Thread(target=self._show_on, daemon=True).start()
        elif record.levelno >= logging.WARNING or time.monotonic() - self._start > _EARLY:
            self._tell_early()

    def _tell_early(self) -> None:
        for record in self._early:
            self._pass_on(record)
        self._early.clear()

    def _pass_on(self, record: logging.LogRecord) -> None:
        with suppress(BrokenPipeError):  # it would end the thread that tells of all records to come
            self._snakemakes.handle(record)

    def _take(self, fields: dict[str, Any]) -> None:
        match fields.get("event"):
            case LogEvent.JOB_INFO:
                log = fields["log"][0] if fields["log"] else None
                job = Job(
                    fields["rule_name"], fields["wildcards"], log, self._jobs_go_elsewhere and not fields["local"]
                )
                self._progress.start(fields["jobid"], job)
            case LogEvent.JOB_FINISHED:
                self._progress.finish(fields["job_id"])
            case LogEvent.JOB_ERROR:
                self._progress.fail(fields["jobid"])
            case LogEvent.PROGRESS:
                self._progress.step(fields["done"], fields["total"])
            case None if fields["levelno"] == logging.INFO:
                self._progress.plan(fields["msg"] or "")

    def _show(self) -> None:
        if not self._over.is_set():
            self._line.show(self._progress.parts(), event=self._progress.shards)

    def _show_on(self) -> None:
        while not self._over.wait(_PAUSE):
            with self.lock:
                self._show()

    def close(self) -> None:
        """Take the line away; nothing is shown any more."""
        with self.lock:
            if not self._over.is_set():
                self._over.set()
                self._tell_early()
                self._line.erase()
        super().close()
