"""Failed jobs, as Snakemake's logger tells of them, each in a line: rule, examples, what was wrong, and the log.

What is taken from Snakemake are its events and their fields, never their text. What was wrong stands in the rule's own
log, where adapter.py puts it.
"""

import logging
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

from subject_zoo.base.errors import system_trouble
from subject_zoo.base.ids import ExampleRange
from subject_zoo.dataset.shard_plan import Windows

SHOWN = 5
FAILED = "failed: "  # before what is wrong, in a rule's log
_SAID = re.compile(rf"^[-0-9]+ [:,0-9]+ {FAILED}(.*)", re.MULTILINE)
_END_OF_LOG = 1 << 16  # bytes


class Failures:
    """The jobs that failed, and that no later try has made up for.

    Attributes:
        windows: how candidates are cut, by which a window's examples are told.
    """

    def __init__(self) -> None:
        self.windows: Windows | None = None
        self._begin = time.time()
        self._lines: dict[int, str] = {}  # by the job's number
        self._about: dict[int, str] = {}  # of jobs that run, by their number
        self._errors: dict[int, BaseException] = {}  # by the thread that told of it last

    def take(self, record: logging.LogRecord) -> None:
        """Take note of what a record of Snakemake's logger tells."""
        fields = record.__dict__
        match fields.get("event"):
            case LogEvent.ERROR:
                if error := sys.exc_info()[1]:
                    self._errors[threading.get_ident()] = error
            case LogEvent.JOB_INFO if fields["wildcards"]:
                self._about[fields["jobid"]] = self._words(fields["wildcards"])
            case LogEvent.JOB_ERROR if not fields["indent"]:
                self._lines[fields["jobid"]] = self._line(fields, self._errors.pop(threading.get_ident(), None))
            case LogEvent.GROUP_ERROR:
                self._take_group(fields["job_error_info"], fields["aux_logs"])
            case LogEvent.JOB_FINISHED:
                self._lines.pop(fields["job_id"], None)
                self._about.pop(fields["job_id"], None)

    def _take_group(self, jobs: list[dict[str, Any]], logs: list[str]) -> None:
        """Of the rules that are one job, those that say that they failed; else the first, and the cluster's own log."""
        said = [job for job in jobs if job["log"] and self._said(job["log"][0])]
        for job in said or [{**jobs[0], "log": logs or jobs[0]["log"]}]:
            self._lines[job["jobid"]] = self._line(job, None)

    def lines(self) -> Iterator[str]:
        """For a person: one for each failed job, the first of them alone where they are many."""
        lines = list(self._lines.values())
        yield from lines[:SHOWN]
        if len(lines) > SHOWN:
            yield f"{FAILED}{len(lines) - SHOWN} more"

    def _line(self, job: Mapping[str, Any], error: BaseException | None) -> str:
        log = job["log"][0] if job["log"] else None
        said = log and self._said(log)
        what = _signal_of(error) or said or system_trouble(error) or _text_of(error) or "it does not say why"
        about = "".join(f", {words}" for words in [self._about.get(job["jobid"])] if words)
        return f"{FAILED}{job['rule_name']}{about}: {what}" + (f" ({log})" if log else "")

    def _words(self, wildcards: Mapping[str, str]) -> str:
        words = ", ".join(f"{name} {value}" for name, value in wildcards.items())
        if self.windows is not None and "window" in wildcards:
            ids = self.windows.ids(int(wildcards["window"]))
            words += f" (examples {ExampleRange(ids.start, ids.stop - 1)})"
        return words

    def _said(self, log: str) -> str | None:
        """What a rule's log says that was wrong; None for a log of an earlier run."""
        with suppress(OSError):
            path = Path(log)
            if path.stat().st_mtime >= self._begin:
                with path.open("rb") as file:
                    file.seek(max(0, path.stat().st_size - _END_OF_LOG))
                    said = _SAID.findall(file.read().decode(errors="replace"))
                return said[-1] if said else None
        return None


def _signal_of(error: BaseException | None) -> str | None:
    """By what a job's process was ended, if by a signal."""
    while error is not None:
        if isinstance(error, subprocess.CalledProcessError):
            # A shell tells of a signal by 128 and its number.
            with suppress(ValueError):
                name = signal.Signals(-error.returncode if error.returncode < 0 else error.returncode - 128).name
                return f"ended by {name}" + ", maybe for want of memory" * (name == "SIGKILL")
        error = error.__cause__ or error.__context__
    return None


def _text_of(error: BaseException | None) -> str | None:
    """What was wrong where no job says it: the first line that there is."""
    return next(iter(str(error).strip().splitlines()), None) if error else None
