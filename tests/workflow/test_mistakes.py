"""A person's mistake is one line, before any job, with nothing written."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pipeline import ROOT, snakemake

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--config", "training={'batchsize': 64}"], "config: training.batchsize is not a key"),
        (
            ["--config", "num_examples=ten"],
            "config: num_examples is 'ten'; it must be an integer, from 1 to 1000000000",
        ),
        (["--config", "num_examples=0"], "config: num_examples is 0; it must be from 1 to 1000000000"),
        (["--config", "model={'num_layers': [9, 6]}"], "config: model.num_layers is [9, 6]: min above max"),
        (
            ["--config", "patterns={'enabled': ['no_repeats', 'all_same'], 'sequence_length': 9}"],
            "config: patterns.enabled: no_repeats cannot occur",
        ),
        (
            ["--config", "format={'max_prompt_chars': 900}"],
            "config: format.max_prompt_chars is 900; it must be at least 6653, ",
        ),
        (
            ["--config", "format={'tokenizer': 'no/such.json'}"],
            "format.tokenizer is 'no/such.json'; there is no such file",
        ),
        (["--config", "signature={'dataset_path': 'no.json'}"], "signature.dataset_path: no.json cannot be read"),
        (["results/examples/000200-000100/record.jsonl"], "examples: 000200-000100 has its first id above its last"),
        (["results/examples/12/record.jsonl"], "examples: 12 is not padded with zeros to six digits; write 000012"),
        (["results/examples/../x/record.jsonl"], "examples: '../x' is neither an id, as 000123, nor a range"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(tmp_path, arguments, expected):
    run = snakemake(tmp_path, *arguments)
    assert run.returncode != 0
    lines = [line for line in (run.stdout + run.stderr).splitlines() if "specific profile" not in line]
    lines = [line for line in lines if not line.startswith("Config file") or "is extended" not in line]
    assert len(lines) == 1, lines
    assert lines[0].startswith(expected)
    assert not (tmp_path / "results").exists()
    assert not (tmp_path / "logs").exists()


def programs(folder: Path, *names: str) -> Path:
    """A folder for the PATH with these programs and no others."""
    for name in names:
        (folder / name).symlink_to(shutil.which(name))
    return folder


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--config", "device=cuda"], "device is cuda, which this machine does not have; set it to auto or cpu"),
        (
            ["--config", "device=cuda", "--executor=slurm", "--jobs=1"],
            "executor is slurm, and there is no sbatch, squeue, ",
        ),
        (
            ["--config", "format={'tokenizer': 'nobody/nothing'}"],
            "format.tokenizer: 'nobody/nothing' cannot be loaded (",
        ),
    ],
)
def test_what_a_run_misses_it_says_before_its_first_job(tmp_path, monkeypatch, arguments, expected):
    """A GPU of the cluster's nodes is not looked for where the run is started."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("PATH", str(programs(tmp_path, "bash", "which")))
    run = snakemake(tmp_path / "project", *arguments)
    assert run.returncode != 0
    assert run.stderr.strip().splitlines()[-1].startswith(expected)
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "project/results").exists()


def test_resuming_without_slurm_is_one_line(tmp_path):
    path = str(programs(tmp_path, "bash", "dirname", "sed"))
    resume = ["bash", str(ROOT / "profiles/slurm/resume.sh")]
    run = subprocess.run(
        resume, cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True, timeout=30, check=False
    )
    assert run.returncode != 0
    (line,) = run.stderr.splitlines()
    assert line.startswith("resume.sh: error: no squeue here; go on where the run was started")


def test_a_key_that_stands_twice_in_a_configfile_is_one_line(tmp_path):
    (tmp_path / "mine.yaml").write_text("num_examples: 5\nseed: 1\nnum_examples: 6\n")
    run = snakemake(tmp_path, configfile=tmp_path / "mine.yaml")
    assert run.returncode != 0
    assert (
        run.stderr.strip()
        .splitlines()[-1]
        .endswith("mine.yaml: num_examples stands there twice; each key may have one value")
    )
    assert not (tmp_path / "results").exists()


def test_a_changed_signature_dataset_is_an_error_that_names_both_digests(tmp_path):
    target = "results/signature_dataset.json"
    # That this machine has no such device does no harm where nothing is trained.
    assert snakemake(tmp_path, target, "--config", "device=mps").returncode == 0
    pinned = (tmp_path / f"{target}.sha256").read_text().strip()
    (tmp_path / target).write_text('{"examples": []}')
    run = snakemake(tmp_path, target)
    assert run.returncode != 0
    line = run.stderr.strip().splitlines()[-1]
    assert line.startswith(f"{target} has changed under this project: its sha256 is ")
    assert pinned in line


def test_a_run_that_accepts_nothing_stops_and_says_why(tmp_path):
    rejecting = ["num_examples=4", "validation={'min_degradation_threshold': 1}", "min_acceptance=0.5"]
    run = snakemake(tmp_path, "--config", *rejecting)
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    told = next(line for line in run.stderr.splitlines() if line.startswith("plan_windows: "))
    assert told.startswith("plan_windows: min_acceptance: 0 of 16 candidates were accepted, and 0.5 of them must be; ")
    assert "for improvement lower validation.min_degradation_threshold" in told
    assert told.endswith(", or set min_acceptance to 0 to go on up to max_candidates")


@pytest.mark.parametrize("shown", ["mean", "pattern_wise"])
def test_a_signature_that_gives_the_answer_away_is_one_line_when_a_run_starts(tmp_path, shown):
    methods = f"{{modification: [pattern_wise], classification: [std, {shown}]}}"
    run = snakemake(tmp_path, "results/signature_dataset.json", "--config", f"signature={{methods: {methods}}}")
    assert run.returncode == 0
    warnings = [line for line in run.stderr.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == (shown == "pattern_wise")
    assert all(line.startswith(f"warning: signature.methods puts {shown} into") for line in warnings)
