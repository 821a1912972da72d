"""What a person sees of a run: one line while it lasts and a few at its end; all of Snakemake's stand in its log."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline import ROOT, SMALL
from tests.screen import Screen

pytestmark = pytest.mark.workflow

MAKE_RUN = ("scripts/main_process",)  # as the Makefile has it
SNAKEMAKE = ("-m", "snakemake")  # as it is


def command(folder: Path, program: tuple[str, ...], *arguments: str) -> list[str]:
    words = [sys.executable, *program, "--cores", "2", *arguments, "--directory", str(folder)]
    return [*words, "--configfile", str(SMALL)]


def on_terminal(folder: Path, program: tuple[str, ...], *arguments: str) -> Screen:
    """What a person sees of a run that succeeds."""
    leader, follower = pty.openpty()
    env = os.environ | {"PYTHONPATH": "", "TERM": "xterm"}
    words = command(folder, program, *arguments)
    with subprocess.Popen(words, cwd=ROOT, stdin=follower, stdout=follower, stderr=follower, env=env) as process:
        os.close(follower)
        sent = b""
        try:
            while part := os.read(leader, 1 << 16):
                sent += part
        except OSError:  # all have closed it, as Linux says it
            pass
        os.close(leader)
    assert process.returncode == 0, sent.decode()
    return Screen(sent.decode())


def in_log(folder: Path, program: tuple[str, ...], *arguments: str) -> list[str]:
    """The lines that a run without a terminal prints."""
    done = subprocess.run(
        command(folder, program, *arguments),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"PYTHONPATH": "", "TERM": "xterm"},
    )
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stderr
    return [line for line in done.stderr.splitlines() if not re.match("Using .*profile|warning: ", line)]


def snakemakes_lines(folder: Path) -> str:
    """The newest of Snakemake's log files."""
    return max((folder / ".snakemake/log").iterdir()).read_text()


def test_a_run_is_one_line_on_a_terminal_and_a_few_in_the_end(tmp_path):
    screen = on_terminal(tmp_path, MAKE_RUN, "--config", "num_examples=3")
    shown = [line for line in screen.seen if re.search(r"^accepted \d+ .*candidates \d+.*shards \d of \d", line)]
    assert len(set(shown)) > 1  # it moves; how often is seen depends on the machine
    # The rate is there only between the first finished job of a chain and the last one: in so short a run maybe unseen.
    assert all(re.match(r"accepted [^|]+ \| candidates [^|]+ \| ([\d.]+/(s|min) \| )?shards ", line) for line in shown)
    assert max(map(len, shown)) < 80
    assert any(line.startswith("planning") for line in screen.seen)
    assert not [line for line in screen.seen if "Finished jobid" in line]
    *before, done, characters, where, load, check, publish = screen.lines
    assert not [line for line in before if "accepted" in line or "planning" in line]
    assert re.fullmatch(r"done in \d+ s: 3 records of \d+ candidates \(\d+%\): train \d, validation \d, test \d", done)
    assert characters.startswith("characters of a prompt and its completion: modification ")
    assert str(tmp_path / "results/dataset/README.md") in where
    assert (load.split(":")[0], check.split(":")[0], publish.split(":")[0]) == (
        "to load it",
        "to check it",
        "to publish it",
    )
    jobs = snakemakes_lines(tmp_path).count("Finished jobid: ")
    assert jobs > 20
    assert len(screen.lines) < 15

    # A log, and where little or nothing is to be done.
    examples = "results/examples/000900-000903/record.jsonl"
    first, *_, last = in_log(tmp_path, MAKE_RUN, examples)
    assert re.match(r"\d\d:\d\d:\d\d planning", first)
    assert re.fullmatch(rf"done in \d+ s: {tmp_path}/{examples} holds \d records of 4 candidates", last)
    assert "rule format_records:" in snakemakes_lines(tmp_path)

    screen = on_terminal(tmp_path, SNAKEMAKE, examples)
    assert any(line.startswith("planning") for line in screen.seen)
    assert screen.lines[-1].startswith("nothing was to be done: ")
    assert len(screen.lines) < 10
