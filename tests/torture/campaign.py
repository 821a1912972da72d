"""Tries in processes of their own, some at a time, each with an end, and nothing left of it."""

import contextlib
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from subject_zoo.provenance.code import chain_digest
from tests.torture.bases import BASES
from tests.torture.processes import adopt_orphans, descendants, kill_all, kill_descendants
from tests.torture.trial import NOTES, FailedError, Fault, SkippedError, Trial

_RESULT = "result.json"


@dataclass(frozen=True)
class Outcome:
    """How a try ended: `survived`, `failed` or `skipped`, with words; seconds and the peak of its memory in MiB."""

    fault: str
    number: int
    ended: str
    words: str
    seconds: float
    mebibytes: float


class Campaign:
    """Tries of faults by one seed, in `folder`, `jobs` at a time. What failed keeps its folder."""

    def __init__(self, folder: Path, seed: int, jobs: int) -> None:
        self._folder, self._seed, self._jobs = folder, seed, jobs
        self._started: dict[int, tuple[Fault, int, float]] = {}

    def run(self, planned: list[tuple[Fault, int]]) -> Iterator[Outcome]:
        """The outcomes of tries, as they end, of faults with the numbers of the tries."""
        adopt_orphans()
        for name in dict.fromkeys(name for fault, _ in planned for name in fault.needs):
            self._make_base(name)
        waiting = planned[::-1]
        try:
            while waiting or self._started:
                while waiting and len(self._started) < self._jobs:
                    self._start(*waiting.pop())
                yield from self._ended()
                time.sleep(0.005)
        finally:
            kill_descendants()

    def folder_of(self, fault: str, number: int) -> Path:
        return self._folder / "tries" / f"{fault}-{number}"

    @property
    def _bases(self) -> Path:
        """Another code's records name another code."""
        return self._folder / "bases" / chain_digest()[:12]

    def _make_base(self, name: str) -> None:
        target = self._bases / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            BASES[name](target)

    def _start(self, fault: Fault, number: int) -> None:
        folder = self.folder_of(fault.name, number)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        trial = Trial(self._seed, fault.name, number, folder, self._bases)
        sys.stdout.flush()
        if (pid := os.fork()) == 0:
            _try(fault, trial)
        self._started[pid] = fault, number, time.monotonic()

    def _ended(self) -> Iterator[Outcome]:
        for pid, (fault, _, since) in self._started.items():
            if time.monotonic() - since > fault.timeout:
                kill_all(descendants(pid, with_itself=True))
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._started:
                fault, number, since = self._started.pop(pid)
                yield self._outcome(fault, number, time.monotonic() - since, status, usage.ru_maxrss / 1024)

    def _outcome(self, fault: Fault, number: int, seconds: float, status: int, mebibytes: float) -> Outcome:
        folder = self.folder_of(fault.name, number)
        try:
            ended, words = json.loads((folder / _RESULT).read_text())
        except (OSError, ValueError):
            what = (
                f"hangs: not ended after {fault.timeout:g} s" if seconds > fault.timeout else f"died: status {status}"
            )
            ended, words = "failed", what
        if (notes := folder / NOTES).exists() and ended == "failed":
            words = f"{notes.read_text()}{words}"
        if ended != "failed":
            remove(folder)
        return Outcome(fault.name, number, ended, words, round(seconds, 1), round(mebibytes))


def _try(fault: Fault, trial: Trial) -> None:
    """In a process of its own: one try, its result in a file, and the end of all that it started."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    adopt_orphans()
    try:
        result = "survived", fault.attempt(trial)
    except SkippedError as error:
        result = "skipped", str(error)
    except FailedError as error:
        result = "failed", str(error)
    except BaseException:  # a fault of the campaign itself, or of the library called in this process
        result = "failed", traceback.format_exc()
    (trial.folder / _RESULT).write_text(json.dumps(result))
    kill_descendants()
    os._exit(0)


def remove(folder: Path) -> None:
    """Remove a folder whatever its rights."""

    def allow(remove: Callable[[str], None], path: str, _: object) -> None:
        with contextlib.suppress(OSError):
            os.chmod(os.path.dirname(path), 0o700)
            remove(path)

    shutil.rmtree(folder, onerror=allow)


def as_json(outcomes: list[Outcome]) -> str:
    return json.dumps([asdict(outcome) for outcome in outcomes], indent=1)
