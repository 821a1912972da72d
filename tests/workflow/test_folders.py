"""A checkout may lie in a folder of any name, and what Snakemake itself cannot take is said in one line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.workflow


def run_in_checkout(checkout: Path) -> subprocess.CompletedProcess:
    """Make the probes in a checkout of this repository that has its own .venv."""
    checkout.mkdir()
    for part in ("Snakefile", "config.yaml"):
        shutil.copy(ROOT / part, checkout)
    for part in ("rules", "scripts", "docs", "envs", "profiles"):
        (checkout / part).symlink_to(ROOT / part)
    (checkout / ".venv").symlink_to(sys.prefix)
    command = [checkout / ".venv" / "bin" / "python", "-m", "snakemake", "--cores", "1"]
    command += ["--configfile", ROOT / "tests" / "small.yaml", "--", "results/signature_dataset.json"]
    return subprocess.run(
        command,
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"PYTHONPATH": ""},
    )


def test_a_name_of_a_folder_is_nothing_that_a_shell_reads(tmp_path):
    checkout = tmp_path / """-my zoo $(touch PWN5) `touch PWN6` a'b"c;d\\e"""
    run = run_in_checkout(checkout)
    assert run.returncode == 0, run.stderr
    assert (checkout / "results" / "signature_dataset.json").exists()
    assert not list(tmp_path.rglob("PWN*"))


def test_braces_in_the_name_of_a_folder_are_refused_in_one_line(tmp_path):
    run = run_in_checkout(tmp_path / "a{examples}b")
    assert run.returncode != 0
    line = run.stderr.strip().splitlines()[-1]
    assert (
        line
        == f"{tmp_path}/a{{examples}}b: Snakemake takes what stands in braces for a name of its own; rename the folder"
    )
    assert "Traceback" not in run.stderr
