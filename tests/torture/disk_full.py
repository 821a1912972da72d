"""Disks that are full at any byte: on a small file system of its own, where one can be mounted."""

import contextlib
import ctypes
import os
import shutil
import subprocess
from pathlib import Path

from tests.torture.trial import Fault, SkippedError, Trial
from tests.torture.zoo import Zoo, copy

_CLONE_NEWNS = 0x00020000  # as in linux/sched.h


def _mount(folder: Path, kibibytes: int) -> None:
    """A file system of that size, which this process and its children alone see, and which goes with them."""
    if os.geteuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS):
        raise SkippedError("a full disk: only root may mount a small file system")
    folder.mkdir()
    commands = [
        ["mount", "--make-rprivate", "/"],
        ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", folder],
    ]
    for command in commands:
        if subprocess.run(command, check=False, capture_output=True).returncode:
            raise SkippedError("a full disk: no small file system can be mounted here")


def _size(folder: Path) -> int:
    """KiB that the files of a folder take, in whole pages."""
    return sum(-(-path.stat().st_size // 4096) * 4 for path in folder.rglob("*") if path.is_file())


def disk_full(trial: Trial) -> str:
    """A run on a disk with room for a part of it: one line says so; with more room, the same command goes on."""
    base = trial.bases / "finished"
    room = round(_size(base) * trial.choose.uniform(0.02, 1.0))
    disk = trial.folder / "disk"
    _mount(disk, room)
    zoo = Zoo(disk / "zoo", trial.folder, form=trial.deal(["make", "snakemake"]))
    started = trial.choose.random() < 0.3
    if started:  # a finished run, of which the dataset is gone, and the rest of the disk is filled
        with contextlib.suppress(shutil.Error):
            copy(base, zoo.folder)
        for path in zoo.folder.rglob("*"):  # the copy's own cut ends are no fault of the pipeline's
            if path.is_file() and path.stat().st_size != (base / path.relative_to(zoo.folder)).stat().st_size:
                path.unlink()
        shutil.rmtree(zoo.folder / "results/dataset", ignore_errors=True)
    trial.note(f"{room} KiB for {_size(base)}{', half made' if started else ''}")
    done = zoo.run()
    done.refuse_traceback()
    if done.status == 0:
        zoo.compare(base)
        return f"{room} KiB were enough"
    line = done.line_with(r"(?i)no space left|disk is full|full")
    subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True)
    zoo.go_on()
    zoo.compare(base)
    return f"{room} KiB: {line[:200]}"


FAULTS = [Fault("disk-full", 20, 1, disk_full, ("finished",))]
