"""The pipeline as a module of somebody else's workflow, and as Snakemake alone reads it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.isolation import make_environment
from tests.pipeline import ROOT, SMALL, snakemake

pytestmark = pytest.mark.workflow

CONFIG = {**yaml.safe_load(SMALL.read_text()), "num_examples": 2}
OTHERS = """
module zoo:
    snakefile: "{snakefile}"
    {module}

use rule * from zoo{renamed}

rule count:
    input:
        rules.{all}.input
    output:
        "counted.txt"
    shell:
        "cat {{input[0]}} | grep -c sha256 > {{output}}"
"""


def run(folder: Path, snakefile: str, *arguments: str) -> subprocess.CompletedProcess:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Snakefile").write_text(snakefile)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    environment = os.environ | {"PYTHONPATH": ""}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("name", "module", "renamed", "before"),
    [
        ("plain", f"config: {CONFIG!r}", False, ""),
        ("renamed", f"config: {CONFIG!r}", True, ""),
        ("prefix", f"prefix: 'zoo'\n    config: {CONFIG!r}", True, ""),
        ("part of a config", "config: config['zoo']", True, f"config.update({ {'samples': 3, 'zoo': CONFIG}!r})\n"),
        ("without config", "", True, f"config.update({CONFIG!r})\n"),
    ],
)
def test_another_workflow_builds_on_the_dataset(tmp_path, name, module, renamed, before):
    snakefile = before + OTHERS.format(
        snakefile=ROOT / "Snakefile",
        module=module,
        renamed=" as zoo_*" if renamed else "",
        all="zoo_all" if renamed else "all",
    )
    done = run(tmp_path / name, snakefile, "counted.txt")
    assert done.returncode == 0, done.stdout + done.stderr
    assert int((tmp_path / name / "counted.txt").read_text()) > 5
    made = {path.name for path in (tmp_path / name).iterdir()} - {".snakemake", "Snakefile", "counted.txt"}
    assert made == ({"zoo"} if name == "prefix" else {"results", "logs"})


def test_a_mistake_in_a_modules_config_is_one_line(tmp_path):
    snakefile = OTHERS.format(
        snakefile=ROOT / "Snakefile", module="config: {'training': {'batchsize': 3}}", renamed="", all="all"
    )
    done = run(tmp_path, snakefile, "counted.txt")
    assert done.returncode != 0
    assert "config: training.batchsize is not a key; did you mean training.batch_size?" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "results").exists()


def test_rules_are_listed_with_what_they_do(tmp_path):
    done = snakemake(tmp_path, "--list-rules")
    listed = [line for line in done.stdout.splitlines() if line.endswith(")")]
    assert len(listed) == 19
    assert any(line.startswith("train_degraded (Stage 1: train a range's models on corrupted") for line in listed)


@pytest.fixture(scope="module")
def snakemake_alone(tmp_path_factory) -> Path:
    """A python that has what Snakemake installs, and the profile's plugin, and nothing else."""
    return make_environment(tmp_path_factory.mktemp("alone") / "venv", ["snakemake", "pyyaml", "jsonschema"])


@pytest.mark.parametrize("arguments", [["--dry-run"], ["--lint"], ["--list-rules"]], ids=" ".join)
def test_parsing_needs_no_numeric_package(snakemake_alone, tmp_path, arguments):
    modules = "import importlib.util as u; print([n for n in ('numpy', 'torch', 'orjson') if u.find_spec(n)])"
    assert subprocess.run([snakemake_alone, "-c", modules], capture_output=True, check=True).stdout == b"[]\n"
    command = [snakemake_alone, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", tmp_path]
    done = subprocess.run([*command, "--cores", "1", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_missing_packages_are_one_line_before_any_job(snakemake_alone, tmp_path):
    command = [snakemake_alone, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", tmp_path]
    done = subprocess.run([*command, "--cores", "1"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert (
        "not installed: numpy, orjson, safetensors, pyarrow, pandas, matplotlib; pip install -r requirements.txt"
        in told
    )
    assert "Traceback" not in told
    assert not (tmp_path / "results").exists()
    assert not (tmp_path / "logs").exists()
