"""However a run ends, its last line says how to go on, and the same command does."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from tests.pipeline import ROOT, SMALL, snakemake, succeed

pytestmark = pytest.mark.workflow

STOPPED = "stopped; what is finished is kept: type the same command to go on"
GO_ON = "what is finished is kept: mend that, and type the same command to go on"
ARGUMENTS = ("--config", "num_examples=4")
T = TypeVar("T")
ATTEMPTS = 1200  # at a twentieth of a second


class Running:
    """A run of the pipeline in a group of processes of its own, as a terminal has it."""

    def __init__(self, folder: Path, **options: object) -> None:
        command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
        command += ["--cores", "2", *ARGUMENTS, "--configfile", SMALL]
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": ""},
            **options,
        )

    def wait_for(self, seen: Callable[[], T]) -> T:
        """What was seen, once there is something."""
        for _ in range(ATTEMPTS):
            if what := seen():
                return what
            assert self.process.poll() is None, self.process.communicate()[0]
            time.sleep(0.05)
        raise AssertionError("it did not happen")

    def jobs(self, rule: str) -> list[psutil.Process]:
        found = []
        for job in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.Error):  # it has just ended
                found += [job] * (f".{rule}.py" in " ".join(job.cmdline()))
        return found

    def lines(self) -> list[str]:
        """What it has printed when it is over."""
        printed, _ = self.process.communicate(timeout=60)
        assert "Traceback" not in printed
        return printed.strip().splitlines()


def end_by(folder: Path, number: signal.Signals, times: int = 1) -> tuple[int, list[str]]:
    run = Running(folder)
    run.wait_for(lambda: run.jobs("train_degraded"))
    for _ in range(times):
        os.killpg(run.process.pid, number)
    lines = run.lines()
    return run.process.returncode, lines


def refused(run: subprocess.CompletedProcess) -> str:
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    return run.stderr.strip().splitlines()[-1]


def test_stopped_killed_or_run_twice_it_goes_on(tmp_path):
    """By the same command, one folder after the other fate; what it ends in is test_dataset.py's."""
    status, lines = end_by(tmp_path, signal.SIGINT, times=2)
    assert (status, lines[-1]) == (1, STOPPED)
    assert not [line for line in lines if "rror" in line]

    run = Running(tmp_path)
    run.wait_for(lambda: run.jobs("train_degraded"))
    orphans = psutil.Process(run.process.pid).children()
    for orphan in orphans:
        with suppress(psutil.Error):
            orphan.suspend()  # or the run, or its jobs, would be over before what follows
    lives = f"another run lives here (process {run.process.pid} on "
    assert refused(snakemake(tmp_path, *ARGUMENTS)).startswith(lives)
    assert refused(snakemake(tmp_path, "--unlock", *ARGUMENTS)).startswith(lives)

    run.process.kill()
    run.process.wait()
    run.process.stdout.close()  # which its jobs have too
    assert [orphan for orphan in orphans if orphan.is_running()]
    left = next((tmp_path / "results/examples").iterdir()) / ".x.unfinished-subject-zoo"  # some range has begun
    left.write_bytes(b"half")
    succeed(snakemake(tmp_path, *ARGUMENTS, cores=2))
    assert not [orphan for orphan in orphans if orphan.is_running()]
    assert not left.exists()
    assert (tmp_path / "results/dataset/manifest.json").exists()
    assert not list((tmp_path / ".snakemake/scripts").iterdir())


def test_a_job_that_was_killed_is_named_in_the_last_lines(tmp_path):
    run = Running(tmp_path)
    run.wait_for(lambda: run.jobs("train_degraded"))[0].kill()
    *_, failed, last = run.lines()
    assert run.process.returncode == 1
    assert failed.startswith("failed: train_degraded, examples 0000")
    assert "ended by SIGKILL, maybe for want of memory (logs/train_degraded/0000" in failed
    assert last == GO_ON


def test_what_cannot_be_written_is_one_line_that_names_it(tmp_path):
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # noqa: E731
    *_, failed, last = Running(tmp_path, preexec_fn=limit).lines()
    line = "failed: make_pools: results/pools.npz: no file may be that large; look at `ulimit -f` (logs/make_pools.log)"
    assert (failed, last) == (line, GO_ON)
    assert not list(tmp_path.glob("results/.*unfinished*"))


def test_files_half_made_are_one_line_without_the_profile(tmp_path):
    """Which says that they are made again."""
    (tmp_path / "results").mkdir()
    run = Running(tmp_path)
    run.wait_for(lambda: run.jobs("make_pools"))
    run.process.kill()
    run.process.communicate()
    (tmp_path / "results/pools.npz").write_bytes(b"")
    line = refused(snakemake(tmp_path, *ARGUMENTS, "--workflow-profile", "none"))
    assert line == "a run was killed here and left files half made: type the same command with --rerun-incomplete"


def test_a_spoilt_note_of_snakemakes_is_one_line(tmp_path):
    target = "results/pools.npz"
    succeed(snakemake(tmp_path, target))
    for note in (tmp_path / ".snakemake/metadata").iterdir():
        note.write_bytes(b"\x97")
    (tmp_path / target).unlink()
    run = snakemake(tmp_path, target)
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    assert run.stderr.strip().splitlines()[-1] == GO_ON
    named = tmp_path / run.stderr.split(": what Snakemake noted there")[0].splitlines()[-1]
    assert named.is_file()
    for note in (tmp_path / ".snakemake/metadata").iterdir():
        note.unlink()
    succeed(snakemake(tmp_path, target))
