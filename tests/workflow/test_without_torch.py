"""Without torch all but GPUs and SubjectModel works: the whole pipeline, and the check of what it made."""

import os
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.isolation import make_environment
from tests.pipeline import ROOT, SMALL

pytestmark = pytest.mark.workflow

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TORCHLESS = [
    text
    for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["pipeline"])
    if Requirement(text).name != "torch"
]


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    return make_environment(tmp_path_factory.mktemp("torchless") / "venv", TORCHLESS)


def run(python: Path, *arguments: object) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["PATH"] = f"{python.parent}:{environment['PATH']}"
    command = [python, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_pipeline_runs_and_its_dataset_is_sound(python, tmp_path):
    assert run(python, "-c", "import torch").returncode != 0
    snakemake = ["-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", tmp_path, "--cores", "2"]
    done = run(python, *snakemake, "results/verification.txt", "--config", "num_examples=3", "--configfile", SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "results" / "verification.txt").read_text().endswith("no problem\n")


def test_a_gpu_that_is_asked_for_is_one_line(python, tmp_path):
    snakemake = ["-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", tmp_path, "--cores", "1"]
    target = "results/examples/000000/degraded.safetensors"
    done = run(python, *snakemake, target, "--config", "device=cuda", "--configfile", SMALL)
    assert done.returncode != 0
    # The GPU is looked for first: where there is none, torch would not help.
    says = ("needs the package torch; pip install torch, or set device to cpu", "this machine does not have")
    assert any(f"device is cuda, which {what}" in done.stderr for what in says)
    assert "Traceback" not in done.stderr
