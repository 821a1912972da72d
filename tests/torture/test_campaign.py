"""The campaign of `make torture` at small counts, and that it would see what it looks for."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline import ROOT
from tests.torture.faults import FAULTS

pytestmark = pytest.mark.workflow
ENV = os.environ | {"PYTHONPATH": f"{ROOT / 'scripts'}"}

BAD_TRIES = """
import os, signal, subprocess, sys, time
from pathlib import Path
from tests.torture.campaign import Campaign, as_json
from tests.torture.processes import Done
from tests.torture.trial import FailedError, Fault, SkippedError
from tests.torture.zoo import compare

folder = Path(sys.argv[1])

def differs(trial):
    for name, text in (("a", "1"), ("b", "2")):
        (trial.folder / name).mkdir()
        (trial.folder / name / "file").write_text(text)
    compare(trial.folder / "a", trial.folder / "b")

def leaves(trial):
    subprocess.Popen(["sh", "-c", "setsid sleep 1000 & echo $! > pid; wait"], cwd=folder, start_new_session=True)
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        time.sleep(0.01)
    return "left"

def says_nothing(trial):
    Done(1, "", "something went wrong").line_with("results/pools.npz")

def traces(trial):
    Done(1, "", "Traceback (most recent call last)\\nresults/pools.npz: bad").line_with("results/pools.npz")

def skips(trial):
    raise SkippedError("not here")

faults = [
    Fault("differs", 1, 1, differs), Fault("leaves", 1, 1, leaves), Fault("says_nothing", 1, 1, says_nothing),
    Fault("traces", 1, 1, traces), Fault("skips", 1, 1, skips),
    Fault("hangs", 1, 1, lambda trial: time.sleep(1000), timeout=1),
    Fault("dies", 1, 1, lambda trial: os.kill(os.getpid(), signal.SIGSEGV)),
    Fault("raises", 1, 1, lambda trial: 1 / 0),
]
print(as_json(list(Campaign(folder, 0, 2).run([(fault, 0) for fault in faults]))))
"""


def test_what_the_campaign_looks_for_is_seen(tmp_path):
    command = [sys.executable, "-c", BAD_TRIES, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=ENV, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    ended = {outcome["fault"]: (outcome["ended"], outcome["words"]) for outcome in json.loads(done.stdout)}
    assert ended["leaves"][0] == "survived"
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()
    assert ended["skips"] == ("skipped", "not here")
    expected = {
        "differs": "silent difference: file",
        "says_nothing": "no line that says 'results/pools.npz'",
        "traces": "Traceback",
        "hangs": "hangs",
        "dies": "died",
        "raises": "ZeroDivisionError",
    }
    for fault, words in expected.items():
        assert ended[fault][0] == "failed"
        assert words in ended[fault][1]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> list[dict[str, Any]]:
    """How a few tries of every fault ended."""
    written = tmp_path_factory.mktemp("torture") / "outcomes.json"
    subprocess.run(
        [sys.executable, "-m", "tests.torture", "--few", "--json", str(written)],
        cwd=ROOT,
        env=ENV,
        check=False,
        timeout=600,
        capture_output=True,
    )
    return json.loads(written.read_text())


@pytest.mark.parametrize("fault", [fault.name for fault in FAULTS])
def test_it_is_survived(outcomes, fault):
    found = [outcome for outcome in outcomes if outcome["fault"] == fault]
    assert found
    failed = [f"{outcome['number']}: {outcome['words']}" for outcome in found if outcome["ended"] == "failed"]
    assert not failed, "\n".join(failed)
