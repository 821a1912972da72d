"""The SLURM profile on a real SLURM: the pipeline's records are those made locally, and faults change no result.

Needs the cluster of tests/slurm/start.sh and no other, for it stops the controller and cancels jobs. Most of the
time goes by with waiting (SLURM enforces time limits by the minute), so all runs but the last go on at once, each
in a thread; the tests look at what became of them.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.slurm.runs import CLUSTER, PROFILE, QUICK, SNAKEMAKE, Real, Toy, call, cluster_is_up, wait_until

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(not cluster_is_up(), reason="tests/slurm/start.sh has not started its SLURM here"),
]

PATIENCE = 270  # seconds until a run must have ended
RANGE = "000000-000023"  # what the run that is killed makes; all of the dataset would take too long twice


@dataclass(frozen=True)
class Started:
    """A run, and the thread that watches it and does to it what has to be done."""

    run: Toy | Real
    watcher: Future[None]

    def finished(self) -> Toy | Real:
        self.watcher.result(timeout=PATIENCE)
        return self.run


def run_locally(toy: Toy) -> None:
    toy.start(SNAKEMAKE, "--executor=local", "--cores=2", "--default-resources", "mem_mb=1000", *toy.arguments)
    toy.finish(PATIENCE)


def run_pipeline_locally(real: Real) -> None:
    real.start("nice", SNAKEMAKE, "--cores=2", *real.arguments)  # the others have longer to go
    real.finish(PATIENCE)


def cancel_a_chain(real: Real) -> None:
    """scancel, once, a chain that is at work."""
    real.start(SNAKEMAKE, "--profile", PROFILE, *QUICK, *real.arguments)
    wait_until(real.running_chains, PATIENCE, "a chain that runs")
    call("scancel", real.running_chains()[0])
    real.finish(PATIENCE)


def kill_and_resume(real: Real) -> None:
    """kill -9 of Snakemake while a chain is at work, then `make resume-slurm`."""
    real.start(SNAKEMAKE, "--workflow-profile", PROFILE, *QUICK, *real.arguments)
    wait_until(real.running_chains, PATIENCE, "a chain that runs")
    refusal = subprocess.run(
        [PROFILE / "resume.sh"], cwd=real.folder, timeout=60, check=False, capture_output=True, text=True
    )
    assert refusal.returncode == 1
    assert "still runs" in refusal.stderr
    wait_until(real.running_chains, PATIENCE, "a chain that runs")
    real.process.send_signal(signal.SIGKILL)
    real.process.wait()
    assert real.running_chains()  # which is why resuming takes more than starting again
    venv = Path(sys.prefix)
    arguments = " ".join([*QUICK, *real.arguments])
    real.start("make", f"--old-file={venv}/.ready", f"VENV={venv}", "resume-slurm", f"ARGS={arguments}")
    real.finish(PATIENCE)


def run_with_faults(toy: Toy) -> None:
    """Three chains with a fault each."""
    toy.ask_for_fault("sample_dataset", "000000-000009", "hang")
    toy.ask_for_fault("train_degraded", "000010-000019", "hungry")
    toy.ask_for_fault("validate", "000020-000029", "fail")
    toy.start_on_slurm()
    wait_until(lambda: toy.jobs_at_fault("sample_dataset", "000000-000009"), PATIENCE, "a job to time out")
    [(job_id, _)] = toy.jobs_at_fault("sample_dataset", "000000-000009")
    call("scontrol", "update", f"JobId={job_id}", "TimeLimit=1")
    toy.finish(PATIENCE)


def share_a_job_and_a_gpu(toy: Toy) -> None:
    toy.start_on_slurm("--group-components", "chain=2")
    toy.finish(PATIENCE)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Started]]:
    """All runs that go on at once, started."""
    folder = tmp_path_factory.mktemp("slurm")
    toys_and_pipelines = {
        run_with_faults: Toy(folder / "faulty", ranges=3),
        kill_and_resume: Real(folder / "killed", f"results/examples/{RANGE}/record.jsonl"),
        cancel_a_chain: Real(folder / "cancelled"),
        share_a_job_and_a_gpu: Toy(folder / "shared", ranges=2, environment={"SUBJECT_ZOO_GPU": "1"}),
        run_pipeline_locally: Real(folder / "local"),
        run_locally: Toy(folder / "local_toy", ranges=3),
    }
    with ThreadPoolExecutor(len(toys_and_pipelines)) as threads:
        started = {run.folder.name: Started(run, threads.submit(act, run)) for act, run in toys_and_pipelines.items()}
        yield started
        for one in started.values():
            one.run.stop()  # ends its thread as well


@pytest.fixture
def toy_results(runs) -> dict[str, bytes]:
    """What three toy chains make without SLURM."""
    return runs["local_toy"].finished().results()


def of_two_chains(results: dict[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in results.items() if path < "results/000020"}


def test_records_made_on_slurm_equal_those_made_locally_though_a_job_was_cancelled(runs):
    real, local = runs["cancelled"].finished(), runs["local"].finished()
    assert local.jobs() == []
    assert json.loads((local.folder / "results" / "dataset" / "manifest.json").read_bytes())["num_examples"] == 40
    assert real.digests("dataset") == local.digests("dataset")
    jobs = real.jobs()
    assert all(job.name.startswith("subject-zoo_") for job in jobs)
    completed = Counter(job.rule for job in jobs if job.state == "COMPLETED")
    assert completed == {
        "make_pools": 1,
        "chain": real.ranges(),
        "write_shard": real.ranges(),
        "assemble_dataset": 1,
    }
    assert [job.rule for job in jobs if job.state == "CANCELLED"] == ["chain"]
    assert len(jobs) == sum(completed.values()) + 1


def test_a_run_whose_snakemake_was_killed_is_resumed_to_the_same_records(runs):
    real, local = runs["killed"].finished(), runs["local"].finished()
    assert "record.jsonl" in real.digests(f"examples/{RANGE}")
    assert real.digests(f"examples/{RANGE}") == local.digests(f"examples/{RANGE}")
    assert [job.state for job in real.jobs() if job.rule == "chain"] == ["CANCELLED", "COMPLETED"]
    assert "cancelling" in real.log()
    # Other runs have jobs of the same prefix, which resuming leaves alone.
    assert len([job for job in runs["cancelled"].run.jobs() if job.state == "CANCELLED"]) == 1


def test_chains_can_share_a_job_and_a_gpu(runs, toy_results):
    toy = runs["shared"].finished()
    assert toy.results() == of_two_chains(toy_results)
    [job] = toy.jobs()
    assert (job.state, job.cpus, job.partition) == ("COMPLETED", 1, "gpu")
    assert "TresPerJob=gres:gpu:1" in call("scontrol", "show", "job", job.id)


def test_a_job_over_its_memory_is_retried_with_more(runs):
    faulty = runs["faulty"].finished()
    (first, less), (second, more) = faulty.jobs_at_fault("train_degraded", "000010-000019")
    assert more == 2 * less
    assert faulty.state(first) in ("FAILED", "OUT_OF_MEMORY")  # which one depends on SLURM's version
    [slurm_log] = (faulty.folder / "logs").rglob(f"{first}.log")
    assert "memory" in slurm_log.read_text()
    assert faulty.state(second) == "COMPLETED"


def test_faults_are_retried_and_change_no_result(runs, toy_results):
    faulty = runs["faulty"].finished()
    assert faulty.results() == toy_results
    failed = faulty.jobs_at_fault("validate", "000020-000029")
    timed_out = faulty.jobs_at_fault("sample_dataset", "000000-000009")
    assert [faulty.state(job) for job, _ in failed] == ["FAILED", "COMPLETED"]
    assert [faulty.state(job) for job, _ in timed_out] == ["TIMEOUT", "COMPLETED"]


def test_a_chain_is_one_job_of_one_cpu(runs):
    jobs = runs["faulty"].finished().jobs()
    # One job for each of the three chains, and one more for each of the three faults: nothing else was repeated.
    assert Counter(job.state == "COMPLETED" for job in jobs) == {True: 3, False: 3}
    assert {(job.cpus, job.partition) for job in jobs} == {(1, "main")}


def test_slurmctld_may_be_away_for_a_while(runs, toy_results, tmp_path):
    for other in runs.values():
        other.watcher.exception(timeout=PATIENCE)  # an outage would disturb them
    toy = Toy(tmp_path, ranges=2)
    for examples in ("000000-000009", "000010-000019"):
        toy.ask_for_fault("train_degraded", examples, "slow")
    try:
        toy.start_on_slurm()
        for examples in ("000000-000009", "000010-000019"):
            wait_until(lambda at=examples: toy.jobs_at_fault("train_degraded", at), 90, "a job at work")
        pid_file = call("scontrol", "show", "config").partition("SlurmctldPidFile")[2].split()[1]
        try:
            os.kill(int(Path(pid_file).read_text()), signal.SIGTERM)
            time.sleep(40)
        finally:
            call(CLUSTER / "start.sh")
        toy.finish(150)
        assert "Falling back to 'sacct'" in toy.log()  # or the plugin never looked while slurmctld was away
        assert toy.results() == of_two_chains(toy_results)
        assert [job.state for job in toy.jobs()] == ["COMPLETED", "COMPLETED"]
    finally:
        toy.stop()
