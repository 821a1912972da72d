"""The SLURM profile on a real SLURM, with a toy chain: what it asks for, and that faults change no result.

Needs the cluster of tests/slurm/start.sh and no other, for it stops the controller and cancels jobs. It takes
about four minutes, most of them waiting: SLURM enforces time limits by the minute.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PROFILE = REPOSITORY / "profiles" / "slurm"
CLUSTER = REPOSITORY / "tests" / "slurm"
SNAKEMAKE = Path(sys.executable).with_name("snakemake")

# The profile waits for jobs of minutes; these take ten seconds.
QUICK = [
    "--slurm-init-seconds-before-status-checks=6",
    "--max-status-checks-per-second=1",
    "--latency-wait=10",
]
# The test cluster has no accounting database: see profiles/slurm/no-accounting/sacct.
SEARCH_PATH = f"{PROFILE / 'no-accounting'}:{SNAKEMAKE.parent}:{os.environ['PATH']}:/usr/sbin:/sbin"


def cluster_is_up() -> bool:
    """Whether SLURM answers, and is the one that start.sh started."""
    conf = Path("/etc/slurm/slurm.conf")
    if not conf.exists() or "tests/slurm/start.sh" not in conf.read_text() or shutil.which("sinfo") is None:
        return False
    return subprocess.run(["timeout", "10", "sinfo"], capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(not cluster_is_up(), reason="tests/slurm/start.sh has not started its SLURM here"),
]


def run(*command: str | Path, timeout: float = 60) -> str:
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

    @classmethod
    def parse(cls, line: str) -> "Job":
        job_id, name, state, cpus, partition, folder = line.split("|")
        return cls(job_id, name, state, int(cpus), partition, folder)


class Toy:
    """The toy workflow in a folder of its own: its Snakemake process, its SLURM jobs, its results."""

    def __init__(self, folder: Path, ranges: int) -> None:
        self.folder = folder
        self.arguments = [f"--snakefile={CLUSTER / 'toy' / 'Snakefile'}", "--config", f"ranges={ranges}"]
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "faults").mkdir(parents=True)

    def ask_for_fault(self, rule: str, examples: str, fault: str) -> None:
        (self.folder / "faults" / f"{rule}.{examples}").write_text(fault)

    def jobs_at_fault(self, rule: str, examples: str) -> list[tuple[str, int]]:
        """The ids of the jobs that met the fault, in order, and the megabytes that the rule had in each."""
        file = self.folder / "faults" / f"{rule}.{examples}.jobs"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(line.split()[0], int(line.split()[1])) for line in lines]

    def start(self, *command: str | Path) -> None:
        """Start Snakemake with the profile, or another command that starts it."""
        command = command or (SNAKEMAKE, f"--workflow-profile={PROFILE}")
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *QUICK, *self.arguments],
                cwd=self.folder,
                env=os.environ | {"PATH": SEARCH_PATH},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def finish(self, seconds: float) -> None:
        """Wait for the process and check that it succeeded."""
        assert self.process.wait(timeout=seconds) == 0, self.log()

    def log(self) -> str:
        return (self.folder / "log.txt").read_text()

    def jobs(self) -> list[Job]:
        lines = run("squeue", "--states=all", "--noheader", "--format=%A|%j|%T|%C|%P|%Z").splitlines()
        jobs = [Job.parse(line) for line in lines]
        return sorted((job for job in jobs if job.folder == str(self.folder)), key=lambda job: int(job.id))

    def state(self, job_id: str) -> str:
        return next(job.state for job in self.jobs() if job.id == job_id)

    def results(self) -> dict[str, bytes]:
        files = sorted((self.folder / "results").rglob("*"))
        return {str(file.relative_to(self.folder)): file.read_bytes() for file in files if file.is_file()}

    def stop(self) -> None:
        """Leave nothing behind, whatever the test came to."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        active = [job.id for job in self.jobs() if job.state in ("PENDING", "RUNNING")]
        if active:
            run("scancel", *active)


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Toy]:
    """Two chains."""
    toy = Toy(tmp_path, ranges=2)
    yield toy
    toy.stop()


@pytest.fixture(scope="module")
def local_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What five chains make without SLURM."""
    local = Toy(tmp_path_factory.mktemp("local"), ranges=5)
    local.start(SNAKEMAKE, "--executor=local", "--cores=2", "--default-resources", "mem_mb=1000")
    local.finish(60)
    return local.results()


def of_two_chains(results: dict[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in results.items() if path < "results/000020"}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    """Five chains, four of them with a fault each. It runs on beside the next tests: the time limit takes long."""
    faulty = Toy(tmp_path_factory.mktemp("faulty"), ranges=5)
    faulty.ask_for_fault("train_degraded", "000000-000009", "hungry")
    faulty.ask_for_fault("train_improved", "000010-000019", "hang")
    faulty.ask_for_fault("validate", "000020-000029", "fail")
    faulty.ask_for_fault("sample_dataset", "000030-000039", "hang")
    faulty.start()
    try:
        wait_until(lambda: faulty.jobs_at_fault("train_improved", "000010-000019"), 90, "a job to cancel")
        run("scancel", faulty.jobs_at_fault("train_improved", "000010-000019")[0][0])
        wait_until(lambda: faulty.jobs_at_fault("sample_dataset", "000030-000039"), 90, "a job to time out")
        [(job_id, _)] = faulty.jobs_at_fault("sample_dataset", "000030-000039")
        run("scontrol", "update", f"JobId={job_id}", "TimeLimit=1")
        yield faulty
    finally:
        faulty.stop()


def test_a_run_whose_snakemake_was_killed_is_resumed(toy, faulty, local_results):
    toy.ask_for_fault("validate", "000010-000019", "hang")
    toy.start()
    wait_until(lambda: toy.jobs_at_fault("validate", "000010-000019"), 90, "a job that hangs")
    [(orphan, _)] = toy.jobs_at_fault("validate", "000010-000019")

    resume = [PROFILE / "resume.sh", *toy.arguments]
    refusal = subprocess.run(resume, cwd=toy.folder, timeout=60, check=False, capture_output=True, text=True)
    assert refusal.returncode == 1
    assert "still runs" in refusal.stderr
    assert toy.state(orphan) == "RUNNING"

    others = {job.id for job in faulty.jobs() if job.state == "CANCELLED"}
    toy.process.send_signal(signal.SIGKILL)
    toy.process.wait()
    assert toy.state(orphan) == "RUNNING"
    toy.start(PROFILE / "resume.sh")
    toy.finish(180)
    assert toy.results() == of_two_chains(local_results)
    assert toy.state(orphan) == "CANCELLED"
    # The jobs of a run in another folder have the same prefix, and are none of its business.
    assert {job.id for job in faulty.jobs() if job.state == "CANCELLED"} == others


def test_chains_can_share_a_job_and_a_gpu(toy, local_results, monkeypatch):
    monkeypatch.setenv("SUBJECT_ZOO_GPU", "1")
    toy.start(SNAKEMAKE, f"--workflow-profile={PROFILE}", "--group-components", "chain=2")
    toy.finish(180)
    assert toy.results() == of_two_chains(local_results)
    [job] = toy.jobs()
    assert (job.state, job.cpus, job.partition) == ("COMPLETED", 1, "gpu")
    assert "TresPerJob=gres:gpu:1" in run("scontrol", "show", "job", job.id)


def test_a_job_over_its_memory_is_retried_with_more(faulty):
    wait_until(lambda: len(faulty.jobs_at_fault("train_degraded", "000000-000009")) > 1, 120, "a second attempt")
    (first, less), (second, more) = faulty.jobs_at_fault("train_degraded", "000000-000009")
    assert more == 2 * less
    assert faulty.state(first) in ("FAILED", "OUT_OF_MEMORY")  # which one depends on SLURM's version
    [slurm_log] = (faulty.folder / "logs").rglob(f"{first}.log")
    assert "memory" in slurm_log.read_text()
    wait_until(lambda: faulty.state(second) == "COMPLETED", 60, "the second attempt's success")


def test_faults_are_retried_and_change_no_result(faulty, local_results):
    faulty.finish(240)
    assert faulty.results() == local_results
    cancelled = faulty.jobs_at_fault("train_improved", "000010-000019")
    failed = faulty.jobs_at_fault("validate", "000020-000029")
    timed_out = faulty.jobs_at_fault("sample_dataset", "000030-000039")
    assert [faulty.state(job) for job, _ in cancelled] == ["CANCELLED", "COMPLETED"]
    assert [faulty.state(job) for job, _ in failed] == ["FAILED", "COMPLETED"]
    assert [faulty.state(job) for job, _ in timed_out] == ["TIMEOUT", "COMPLETED"]


def test_a_chain_is_one_job_of_one_cpu(faulty):
    jobs = faulty.jobs()
    # One job for each of the five chains, and one more for each of the four faults: nothing else was repeated.
    assert Counter(job.state == "COMPLETED" for job in jobs) == {True: 5, False: 4}
    assert {(job.cpus, job.partition) for job in jobs} == {(1, "main")}
    assert all(job.name.startswith("subject-zoo_") for job in jobs)


def test_slurmctld_may_be_away_for_a_while(toy, local_results):
    for examples in ("000000-000009", "000010-000019"):
        toy.ask_for_fault("train_degraded", examples, "slow")
    toy.start()
    for examples in ("000000-000009", "000010-000019"):
        wait_until(lambda at=examples: toy.jobs_at_fault("train_degraded", at), 90, "a job at work")
    pid_file = run("scontrol", "show", "config").partition("SlurmctldPidFile")[2].split()[1]
    try:
        os.kill(int(Path(pid_file).read_text()), signal.SIGTERM)
        time.sleep(40)
    finally:
        run(CLUSTER / "start.sh")
    toy.finish(150)
    assert "Falling back to 'sacct'" in toy.log()  # or the plugin never looked while slurmctld was away
    assert toy.results() == of_two_chains(local_results)
    assert [job.state for job in toy.jobs()] == ["COMPLETED", "COMPLETED"]
