"""Processes that are disturbed: started in a session of their own, waited for with a limit, and none is left behind."""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.signals import handles
from tests.torture.trial import FailedError

_PR_SET_CHILD_SUBREAPER = 36  # as in linux/prctl.h
_LAST = 10  # lines: those of five failed jobs, what to do, and what make and a shell say below


@dataclass(frozen=True)
class Done:
    """A process that has ended: its exit status (below 0: the signal that ended it) and what it printed."""

    status: int
    out: str
    err: str

    @property
    def printed(self) -> str:
        return self.out + self.err

    @property
    def last_words(self) -> list[str]:
        """The lines that a person reads first."""
        return [line for line in self.printed.splitlines() if line.strip()][-_LAST:]

    @property
    def says_that_all_is_done(self) -> bool:
        return any("(100%) done" in line or line.startswith("done in ") for line in self.last_words)

    def refuse_traceback(self) -> None:
        """Raise FailedError where any process in it told its programmer something, not a person."""
        for sign in ("Traceback (most recent call last)", "Segmentation fault", "RecursionError", "MemoryError"):
            if sign in self.printed:
                raise FailedError(f"{sign}: {_tail(self.printed, sign)}")

    def line_with(self, *words: str) -> str:
        """The line of the last words that has all of these regular expressions in it; FailedError without."""
        self.refuse_traceback()
        for line in reversed(self.last_words):
            if all(re.search(word, line) for word in words):
                return line
        shown = "\n".join(self.last_words)
        raise FailedError(f"status {self.status} and no line that says {' and '.join(map(repr, words))}:\n{shown}")


def _tail(printed: str, sign: str) -> str:
    return " | ".join(printed[printed.index(sign) :].strip().splitlines()[-6:])[:600]


class Running:
    """A process in a session of its own, with its output in files: a reader that goes away would be a fault more."""

    def __init__(
        self,
        command: Sequence[str | os.PathLike[str]],
        folder: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
        **more: Any,
    ) -> None:
        number = len(list(folder.glob("printed-*.out")))
        self._files = [folder / f"printed-{number}.{end}" for end in ("out", "err")]
        self.started = time.monotonic()
        with contextlib.ExitStack() as stack:
            out, err = (stack.enter_context(path.open("wb")) for path in self._files)
            settings: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err} | more
            self.process = subprocess.Popen(
                [os.fspath(part) for part in command], cwd=cwd, env=dict(env), start_new_session=True, **settings
            )

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *exception: object) -> None:
        kill_all(descendants(self.process.pid, with_itself=True))
        self.process.wait()

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def tell(self, number: int, group: bool = True) -> None:
        """Send a signal to the group, as a terminal does, or to the pipeline's main process alone."""
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if group:
                os.killpg(self.process.pid, number)
            else:
                self.main().send_signal(number)

    def main(self) -> psutil.Process:
        """Snakemake's main process: the first below this one, or this one, whose command names it."""
        own = psutil.Process(self.process.pid)
        for process in [own, *own.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                command = " ".join(process.cmdline()[:3])
                if re.search(r"python\S* (-m snakemake|\S*/snakemake|\S*/main_process)\b", command):
                    return process
        return own

    def listens(self) -> bool:
        """Whether the pipeline's main process handles signals. Before, Python and make end as they are used to."""
        with contextlib.suppress(psutil.Error, OSError):
            return handles(self.main().pid, signal.SIGTERM)
        return False

    def jobs(self) -> dict[str, psutil.Process]:
        """The processes of scripts that run now, by rule."""
        found = {}
        for process in descendants(self.process.pid):
            with contextlib.suppress(psutil.Error):
                command = process.cmdline()
                if len(command) > 1 and (match := re.search(r"/tmp\w+\.(\w+)\.py$", command[1])):
                    found[match[1]] = process
        return found

    def end(self, timeout: float = 180) -> Done:
        """Wait; FailedError for a hang."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            shown = "\n".join(self._printed().last_words)
            raise FailedError(f"hangs: not ended after {timeout:g} s\n{shown}") from None
        return self._printed(status)

    def _printed(self, status: int = 0) -> Done:
        return Done(status, *(path.read_text(errors="replace") for path in self._files))


def run(command: Sequence[str | os.PathLike[str]], folder: Path, env: Mapping[str, str], timeout: float = 180) -> Done:
    """A process from its start to its end, and nothing of it left."""
    with Running(command, folder, env) as running:
        return running.end(timeout)


def adopt_orphans() -> None:
    """Become the parent of all that is left of this process's descendants, so that none is lost sight of."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(pid: int, with_itself: bool = False) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process] * with_itself + process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill_all(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def kill_descendants() -> None:
    """Of this process, those it adopted too, until none is left."""
    while found := [process for process in descendants(os.getpid()) if process.status() != psutil.STATUS_ZOMBIE]:
        kill_all(found)
        time.sleep(0.01)


def wait_for(condition: Callable[[], bool], running: Running, seconds: float, pause: float = 0.001) -> bool:
    """Whether the condition came to hold before the process ended or the time was over."""
    end = time.monotonic() + seconds
    while not condition():
        if running.ended or time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
