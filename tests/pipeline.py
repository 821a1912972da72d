"""Running the real pipeline in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SMALL = ROOT / "tests" / "small.yaml"


def snakemake(folder: Path, *arguments: str, cores: int = 1, configfile: Path = SMALL) -> subprocess.CompletedProcess:
    """Run the project's Snakefile with results under `folder`; the caller looks at the exit status."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
    command += ["--cores", cores, *arguments, "--configfile", configfile]
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env=os.environ | {"PYTHONPATH": ""},
    )


def succeed(run: subprocess.CompletedProcess) -> str:
    """What a run that must have succeeded has printed."""
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr
