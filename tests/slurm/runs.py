"""Runs of Snakemake on the test cluster, each in a folder of its own: its process, its SLURM jobs, its results."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
PROFILE = Path("profiles") / "slurm"
CLUSTER = REPOSITORY / "tests" / "slurm"
SNAKEMAKE = Path(sys.executable).with_name("snakemake")

# The profile waits for jobs of minutes; these take twenty seconds. The plugin looks after 7, 24 and 51.
QUICK = [
    "--slurm-init-seconds-before-status-checks=7",
    "--max-status-checks-per-second=1",
    "--latency-wait=10",
]
# The test cluster has no accounting database: see profiles/slurm/no-accounting/sacct.
SEARCH_PATH = f"{REPOSITORY / PROFILE / 'no-accounting'}:{SNAKEMAKE.parent}:{os.environ['PATH']}:/usr/sbin:/sbin"


def cluster_is_up() -> bool:
    """Whether SLURM answers, and is the one that start.sh started."""
    conf = Path("/etc/slurm/slurm.conf")
    if not conf.exists() or "tests/slurm/start.sh" not in conf.read_text() or shutil.which("sinfo") is None:
        return False
    return subprocess.run(["timeout", "10", "sinfo"], capture_output=True, check=False).returncode == 0


def call(*command: str | Path, timeout: float = 60) -> str:
    """What the command prints."""
    return subprocess.run(command, timeout=timeout, check=True, capture_output=True, text=True).stdout


def wait_until(condition: Callable[[], Any], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.5)


@dataclass(frozen=True)
class Job:
    """A job as squeue shows it."""

    id: str
    name: str
    state: str
    cpus: int
    partition: str
    folder: str
    rule: str  # "chain" of a group

    @classmethod
    def parse(cls, line: str) -> "Job":
        job_id, name, state, cpus, partition, folder, comment = line.split("|")
        # What the plugin writes there: rule_NAME_wildcards_VALUES, or for a group rule_chain_ and its rules.
        rule = comment.removeprefix("rule_").partition("_wildcards_")[0]
        rule = "chain" if rule.startswith("chain_") else rule
        return cls(job_id, name, state, int(cpus), partition, folder, rule)


class Run:
    """Snakemake in a folder, with some arguments."""

    def __init__(self, folder: Path, arguments: list[str], environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.arguments = arguments
        self.environment = os.environ | {"PATH": SEARCH_PATH} | (environment or {})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *command: str | Path) -> None:
        """Start a command in the folder; its output goes to the run's log."""
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def finish(self, seconds: float) -> None:
        """Wait for the process and check that it succeeded."""
        assert self.process.wait(timeout=seconds) == 0, self.log()

    def log(self) -> str:
        return (self.folder / "log.txt").read_text()

    def jobs(self) -> list[Job]:
        lines = call("squeue", "--states=all", "--noheader", "--format=%A|%j|%T|%C|%P|%Z|%k").splitlines()
        jobs = [Job.parse(line) for line in lines]
        return sorted((job for job in jobs if job.folder == str(self.folder)), key=lambda job: int(job.id))

    def state(self, job_id: str) -> str:
        return next(job.state for job in self.jobs() if job.id == job_id)

    def stop(self) -> None:
        """Leave nothing behind, whatever the test came to."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        active = [job.id for job in self.jobs() if job.state in ("PENDING", "RUNNING")]
        if active:
            call("scancel", *active)


class Toy(Run):
    """The toy workflow: chains whose steps take no time, and misbehave where they are asked to."""

    def __init__(self, folder: Path, ranges: int, environment: dict[str, str] | None = None) -> None:
        snakefile = f"--snakefile={CLUSTER / 'toy' / 'Snakefile'}"
        super().__init__(folder, [snakefile, "--config", f"ranges={ranges}"], environment)
        (folder / "faults").mkdir(parents=True)

    def start_on_slurm(self, *options: str) -> None:
        self.start(SNAKEMAKE, f"--workflow-profile={REPOSITORY / PROFILE}", *options, *QUICK, *self.arguments)

    def ask_for_fault(self, rule: str, examples: str, fault: str) -> None:
        (self.folder / "faults" / f"{rule}.{examples}").write_text(fault)

    def jobs_at_fault(self, rule: str, examples: str) -> list[tuple[str, int]]:
        """The ids of the jobs that met the fault, in order, and the megabytes that the rule had in each."""
        file = self.folder / "faults" / f"{rule}.{examples}.jobs"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(line.split()[0], int(line.split()[1])) for line in lines]

    def results(self) -> dict[str, bytes]:
        files = sorted((self.folder / "results").rglob("*"))
        return {str(file.relative_to(self.folder)): file.read_bytes() for file in files if file.is_file()}


class Real(Run):
    """The pipeline as a person has it: a copy of the project, 40 examples of config.yaml in ranges of 24."""

    def __init__(self, folder: Path, *targets: str) -> None:
        super().__init__(folder, [*targets, "--config", "num_examples=40", "examples_per_job=24"])
        folder.mkdir(parents=True)
        for part in ("Snakefile", "config.yaml", "Makefile", "requirements.txt"):
            shutil.copy2(REPOSITORY / part, folder)
        for part in ("rules", "scripts", "profiles", "envs"):
            shutil.copytree(REPOSITORY / part, folder / part)

    def digests(self, part: str) -> dict[str, str]:
        """The SHA-256 of each file in a folder of the results."""
        folder = self.folder / "results" / part
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return {str(file.relative_to(folder)): sha256(file.read_bytes()).hexdigest() for file in files}

    def ranges(self) -> int:
        return len(list((self.folder / "results" / "examples").iterdir()))

    def running_chains(self) -> list[str]:
        return [job.id for job in self.jobs() if job.state == "RUNNING" and job.rule == "chain"]
