"""One run at a time in a folder, and what a killed one leaves: Snakemake's locks, jobs that run on.

Snakemake locks the files that a run makes and reads by files in .snakemake/locks, which a killed run leaves there.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from subject_zoo.base.files import remove_unfinished
from subject_zoo.base.running import Presence

FOLDER = Path(".snakemake/subject-zoo")
_LOCKS = Path(".snakemake/locks")
_KERNELS = Path(__file__).parents[1] / "subject_zoo" / "kernels"
_SCRIPTS = Path(".snakemake/scripts")
_RULES = "|".join(path.stem for path in Path(__file__).parents[1].glob("*.py"))
_JOB = re.compile(rf"/\.snakemake/scripts/tmp\w+\.({_RULES})\.py\b")  # where Snakemake puts a rule's script to run it
_MADE = "results/"  # where all lies that the project's rules make and read


def enter(unlocking: bool) -> Presence:
    """Be a run in this folder; where no other one lives, take away what killed ones left.

    Raises SystemExit, with one line, where that would end in two runs that make the same files: for `--unlock` beside a
    living run, and where jobs of a killed run may still be in a cluster's queue.
    """

    def clean(presence: Presence) -> None:
        away = [note for note in presence.dead if note.jobs_elsewhere and not note.ended]
        if away and not unlocking:
            raise SystemExit(
                f"a run was killed here ({away[-1]}), and its jobs may run on in a cluster: type `make resume-slurm`, "
                'with the same arguments in ARGS="..."; it ends them and goes on'
            )
        end_all(jobs_here())
        # All folders are looked through, so only where somebody may have been killed while writing.
        if presence.dead:
            remove_unfinished(_MADE)
            remove_unfinished(_KERNELS, older_than=60)  # which runs in other folders share
            for script in _SCRIPTS.glob("tmp*.py"):
                if _JOB.search(str(script.absolute())):
                    script.unlink(missing_ok=True)
        for path in _LOCKS.glob("*.lock"):
            if _is_ours(path):
                path.unlink(missing_ok=True)

    presence = Presence(FOLDER)
    presence.enter(clean, sure=unlocking)
    if unlocking and presence.others:
        raise SystemExit(other_run(presence))
    return presence


def other_run(presence: Presence) -> str:
    """What a person is told whom a lock of Snakemake's keeps from going on."""
    if not presence.others:
        return (
            "another run lives here, or was killed here, and this file system cannot tell (it has no locks): if none "
            "lives, type the same command once with --unlock, then without"
        )
    note = presence.others[-1]
    if note.may_live(presence.mine):
        return (
            f"another run lives here ({note}), or was killed there: if it does not live, type the same command once "
            "with --unlock, then without"
        )
    return f"another run lives here ({note}): wait for it, or stop it with Ctrl-C there"


def jobs_here() -> list[psutil.Process]:
    """The processes of the jobs of this folder's runs, whoever started them."""
    here = os.getcwd()

    def found() -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.cwd() == here and is_job(process):
                    yield process

    return list(found())


def is_job(process: psutil.Process) -> bool:
    """Whether a process runs a rule's script, or is the shell around it. Raises psutil.Error where it just ended."""
    return any(_JOB.search(part) for part in process.cmdline())


def end_all(processes: list[psutil.Process]) -> None:
    """Kill them, and what they started, and wait until they are gone."""
    for process in processes:
        with suppress(psutil.Error):
            for one in (*process.children(recursive=True), process):
                one.kill()
    psutil.wait_procs(processes, timeout=10)


def _is_ours(lock: Path) -> bool:
    """Whether a lock is of files of this project alone; its last line may be cut."""
    with suppress(OSError, UnicodeDecodeError):
        return all(line.startswith(_MADE) or _MADE.startswith(line) for line in lock.read_text().splitlines())
    return False
