"""What is computed does not depend on the machine: digests that were taken once hold here, whatever its settings.

They were taken on x86-64 and are those of 64-bit ARM too. A change of what is computed, meant, makes them anew:
PYTHONPATH=scripts python -m tests.golden_examples > tests/golden.json
"""

import json
import os
import subprocess
import sys

import pytest

from tests.golden_examples import GOLDEN, ROOT, digests

# What the manifest's record of the environment leaves out, because nothing depends on it.
SETTINGS = {
    "no vector instructions of numpy's": {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"},
    "threads": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"},
    "hashes, language and zone": {"PYTHONHASHSEED": "7", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu"},
    "optimised Python": {"PYTHONOPTIMIZE": "1"},
}


def test_the_digests_are_the_golden_ones():
    assert digests() == json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("setting", SETTINGS)
def test_no_setting_of_the_machine_changes_them(setting):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")} | SETTINGS[setting]
    done = subprocess.run(
        [sys.executable, "-m", "tests.golden_examples"], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert json.loads(done.stdout) == json.loads(GOLDEN.read_text())
