"""What a person reads at the end of a run of the jobs that failed."""

import logging
import subprocess

import pytest
from main_process.failures import SHOWN, Failures
from snakemake_interface_logger_plugins.common import LogEvent

from subject_zoo.dataset.shard_plan import Windows


def tell(failures, event, **fields):
    failures.take(logging.makeLogRecord({"event": event, "indent": False, **fields}))


def failed(failures, number, log, error=None):
    tell(failures, LogEvent.JOB_INFO, jobid=number, wildcards={"examples": f"{number:06d}"})
    try:
        if error is not None:
            raise error
    except type(error) as caught:
        try:
            raise RuntimeError("Snakemake's own words\nand more of them") from caught
        except RuntimeError:
            tell(failures, LogEvent.ERROR)
    tell(failures, LogEvent.JOB_ERROR, jobid=number, rule_name="validate", log=[str(log)] if log else [])


@pytest.fixture
def log(tmp_path):
    return tmp_path / "000007.log"


def line_of(log, text, error=None):
    failures = Failures()
    if text is not None:
        log.write_text(text)
    failed(failures, 7, log, error)
    [line] = failures.lines()
    assert line.startswith("failed: validate, examples 000007: ")
    assert line.endswith(f" ({log})")
    return line.removeprefix("failed: validate, examples 000007: ").removesuffix(f" ({log})")


STAMP = "2026-01-01 10:00:00,123"
STATUS_1 = subprocess.CalledProcessError(1, "python")


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (f"{STAMP} begin\n{STAMP} failed: a: not as it was made\n", STATUS_1, "a: not as it was made"),
        (f"{STAMP} failed: ValueError: x\nTraceback\n  File y\nValueError: x\n", STATUS_1, "ValueError: x"),
        ("x" * 100_000 + f"\n{STAMP} failed: late\n", STATUS_1, "late"),
        (f"{STAMP} half\n", subprocess.CalledProcessError(-9, "x"), "ended by SIGKILL, maybe for want of memory"),
        (f"{STAMP} half\n", subprocess.CalledProcessError(137, "x"), "ended by SIGKILL, maybe for want of memory"),
        (f"{STAMP} half\n", subprocess.CalledProcessError(-11, "x"), "ended by SIGSEGV"),
        (f"{STAMP} half\n", STATUS_1, "Snakemake's own words"),
        (None, None, "Snakemake's own words"),
        (b"\xff\xfe".decode("latin-1"), STATUS_1, "Snakemake's own words"),
    ],
)
def test_a_line_says_what_was_wrong_by_the_log_or_by_the_signal(log, text, error, said):
    assert line_of(log, text, error or STATUS_1) == said


def test_a_log_of_an_earlier_run_says_nothing(log, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert line_of(log, f"{STAMP} failed: long ago\n", STATUS_1) == "Snakemake's own words"


def test_many_failures_are_a_few_lines_and_what_a_later_try_made_is_none(log):
    failures = Failures()
    for number in range(20):
        failed(failures, number, None, STATUS_1)
    tell(failures, LogEvent.JOB_FINISHED, job_id=0)
    lines = list(failures.lines())
    assert len(lines) == SHOWN + 1
    assert lines[0].startswith("failed: validate, examples 000001: ")
    assert lines[-1] == f"failed: {19 - SHOWN} more"


def test_of_a_window_its_examples_are_told():
    failures = Failures()
    for windows in (None, Windows(examples_per_job=10, largest_job=40, ranges_per_shard=2, max_candidates=1000)):
        failures.windows = windows
        tell(failures, LogEvent.JOB_INFO, jobid=1, wildcards={"window": "000002"})
        tell(failures, LogEvent.JOB_ERROR, jobid=1, rule_name="write_shard", log=[])
        told = " (examples 000040-000079)" if windows else ""
        assert list(failures.lines()) == [f"failed: write_shard, window 000002{told}: it does not say why"]


@pytest.mark.parametrize("says", [True, False])
def test_of_rules_that_are_one_job_the_one_that_failed_is_told(tmp_path, says):
    failures = Failures()
    logs = [tmp_path / f"{rule}.log" for rule in ("a", "b", "c")]
    if says:
        logs[1].write_text(f"{STAMP} failed: no memory\n")
    jobs = [{"jobid": i, "rule_name": log.stem, "log": [str(log)]} for i, log in enumerate(logs)]
    tell(failures, LogEvent.GROUP_ERROR, job_error_info=jobs, aux_logs=["slurm.log"])
    for job in jobs:
        tell(failures, LogEvent.JOB_ERROR, **job | {"indent": True})
    [line] = failures.lines()
    assert line == (f"failed: b: no memory ({logs[1]})" if says else "failed: a: it does not say why (slurm.log)")
