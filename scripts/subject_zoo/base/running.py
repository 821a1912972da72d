"""Which runs live in a folder: told by a lock that the system gives back however a process ends, `kill -9` included.

A run holds a share of the lock as long as its process lives, and leaves a note that says who it is. Whoever gets the
whole lock knows that no other run lives: a note that is there all the same is of one that was killed.
"""

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

if sys.platform != "win32":
    import fcntl

LOCK = "lock"
_BOOT = "/proc/sys/kernel/random/boot_id"  # of the kernel, so that containers on it have the same


@dataclass(frozen=True)
class Note:
    """Who a run is: its process, host and kernel, when it began; whether its jobs are elsewhere, and whether it ended.

    A run that ended badly leaves its note, since there may be something of it to be cleaned.
    """

    pid: int
    host: str
    boot: str
    since: str
    jobs_elsewhere: bool = False
    ended: bool = False

    @classmethod
    def of_this_process(cls) -> Self:
        """The note of a run that begins now."""
        return cls(os.getpid(), socket.gethostname(), _boot(), time.strftime("%Y-%m-%d %H:%M:%S"))

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"

    def may_live(self, mine: "Note") -> bool:
        """Whether the run may live although the lock is free: it began on another machine, and some file systems keep
        locks to the machine."""
        return not self.ended and self.host != mine.host and (self.boot != mine.boot or not mine.boot)

    def seems_to_live(self, mine: "Note") -> bool:
        """Whether nothing says that the run is over: neither its note nor, on its own machine, that its process is."""
        return not self.ended and (self.host != mine.host or _exists(self.pid))


class Presence:
    """A run in a folder, from `enter` on.

    Attributes:
        mine: the run's own note.
        others: notes of other runs that live, or that may live.
        dead: where none does, notes of those that were killed, or ended badly.
        alone: whether it is sure that no other run lives. None lives, as far as can be seen, where `alone` and `others`
            are both false: the file system has no locks, or the folder cannot be written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder).absolute()  # processes change theirs
        self.mine = Note.of_this_process()
        # Not by the process alone: in a container, many have the same number.
        self._file = self._folder / f"{self.mine.host}.{self.mine.pid}.{time.time_ns()}.json"
        self._lock: int | None = None  # open for as long as the run lives, in this process alone
        self.others: list[Note] = []
        self.dead: list[Note] = []
        self.alone = False

    def enter(self, when_alone: Callable[[Self], None], sure: bool = False) -> None:
        """Be a run in the folder until it is left, or this process ends, however it ends.

        Where no other run lives, `when_alone` is called first, with no other run entering meanwhile; what it raises
        goes on. With `sure` somebody says that those of other machines do not. A file system without locks, or a folder
        that cannot be written, is no error.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = self._lock = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            whole = _take_whole(lock)
        except OSError:
            return
        notes = self._notes()
        try:
            if not whole:
                self.others = [note for note in notes.values() if note.seems_to_live(self.mine)]
                return
            self.others = [note for note in notes.values() if not sure and note.may_live(self.mine)]
            self.alone = not self.others
            if self.alone:
                self.dead = list(notes.values())
                when_alone(self)
                for file in notes:
                    file.unlink(missing_ok=True)
        finally:
            _take_share(lock)
        self._write()

    def jobs_go_elsewhere(self) -> None:
        """Note that the run's jobs may outlive it, on other machines."""
        self.mine = replace(self.mine, jobs_elsewhere=True)
        self._write()

    def leave(self, well: bool) -> None:
        """Be none any more; `well` says that nothing is left of it that has to be cleaned."""
        if well:
            with suppress(OSError):
                self._file.unlink()
        else:
            self.mine = replace(self.mine, ended=True)
            self._write()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _write(self) -> None:
        # Not by a rename: half written it is in nobody's way, and a full disk must not keep a run from its end.
        with suppress(OSError):
            self._file.write_text(json.dumps(asdict(self.mine)), encoding="utf-8")

    def _notes(self) -> dict[Path, Note]:
        """Those of all others, the oldest first; one that was not written to its end counts for nothing."""
        notes = {}
        for file in self._folder.glob("*.json"):
            with suppress(OSError, ValueError, TypeError):
                notes[file] = Note(**json.loads(file.read_text(encoding="utf-8")))
        return dict(sorted(notes.items(), key=lambda item: item[1].since))


def _take_whole(lock: int) -> bool:
    """Take the whole lock if nobody has a share of it, else a share. Raises OSError where there are no locks."""
    if sys.platform == "win32":
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(lock, fcntl.LOCK_SH)  # which waits for one that has the whole, as it has for a moment
        return False
    return True


def _take_share(lock: int) -> None:
    if sys.platform != "win32":
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_SH)


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True


def _boot() -> str:
    """The kernel's own name since it was started; "" where it has none."""
    with suppress(OSError):
        return Path(_BOOT).read_text(encoding="ascii").strip()
    return ""
