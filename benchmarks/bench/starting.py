"""What passes before the first job works: the start of a run, and the imports of the chain's scripts."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.runs import ROOT

from subject_zoo.provenance.code import STEPS

_PATIENCE = 60  # seconds


def measure_starting(folder: Path) -> dict[str, Any]:
    """Wall seconds from the command of `make run` until its first job has begun, and CPU seconds of imports."""
    return {
        "seconds_to_first_job": median(_until_first_job(folder / f"{number}") for number in range(5)),
        "import_seconds": {step: median(_imports(step) for _ in range(5)) for step in STEPS},
    }


def _until_first_job(folder: Path) -> float:
    command = [sys.executable, ROOT / "scripts" / "main_process", "--snakefile", ROOT / "Snakefile"]
    begin = time.perf_counter()
    with subprocess.Popen(
        [*command, "--directory", folder, "--cores", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        while not any((folder / "logs").glob("*.log")):  # a job's first act is to open its log
            if run.poll() is not None or time.perf_counter() - begin > _PATIENCE:
                sys.exit("benchmark run began no job")
            time.sleep(0.005)
        waited = time.perf_counter() - begin
        run.terminate()
    return waited


def _imports(script: str) -> float:
    """CPU seconds of a process that imports what a script does, and does nothing."""
    imports, _, _ = (ROOT / "scripts" / f"{script}.py").read_text(encoding="utf-8").partition("\nwith rule_log")
    path = [str(ROOT / "scripts")]
    code = f"import sys; sys.path[:0] = {path}\n{imports}\nimport time; print(time.process_time())"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
