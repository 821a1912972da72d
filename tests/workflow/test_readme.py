"""What the README, its further pages and CONTRIBUTING show works as it is written there, with the results it claims."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from snakemake.cli import parse_args

from docs.draw_record import PICTURE, draw
from subject_zoo.cli import main
from subject_zoo.config.check import check_config
from subject_zoo.config.load import load_config, read_yaml
from subject_zoo.dataset.shard_plan import Windows
from subject_zoo.dataset.targets import check_target
from subject_zoo.patterns.definitions import PATTERNS
from tests.conftest import DEFAULT
from tests.finished_dataset import HERE, make_dataset
from tests.pipeline import snakemake

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "docs/one-record.md", "docs/running.md", "docs/making.md", "docs/judging.md"]
TOOLS = ("snakemake", "make", "subject-zoo", "python", "pip", "pytest", "git", "hf", ".")
ELSEWHERE = {  # what cannot run here, and why
    "git clone": "there is no address to clone from",
    ". .venv/bin/activate": "what made .venv may be another",
    "pip install": "tests ask no registry, and tests/workflow/test_installed.py installs",
    "hf auth login": "it asks for a token; publishing is tested against a Hub of our own, tests/loopback_hub",
    "hf download": "tests reach no Hub",
    "pytest -m": "it is running",
    "subject-zoo merge": "it wants two datasets; tests/merge/test_merge.py",
    "subject-zoo verify both": "what that makes; likewise",
    "subject-zoo prompts ../zoo-benchmark": "that takes minutes to make; of results/dataset it is typed above",
    "subject-zoo score ../zoo-benchmark": "likewise",
    "subject-zoo table": "it wants what score --json writes; tests/judge/test_results.py",
    "subject-zoo baseline": "minutes; tests/judge/test_ladder.py",
    "subject-zoo score results/dataset completions.jsonl --ladder": "it wants what baseline writes; likewise",
}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)


def commands(page: str) -> Iterator[str]:
    """All that a page tells to type: the lines of its blocks, and what stands in a sentence or a table."""
    for block in blocks(page, "bash"):
        yield from (shell.strip() for line in block.splitlines() for shell in line.partition("  #")[0].split("&&"))
    prose = re.sub(r"^```.*?^```", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", prose)
    yield from (span for span in spans if span.partition(" ")[0] in TOOLS and " " in span)


COMMANDS = sorted({(page, command) for page in PAGES for command in commands(page) if not command.startswith("cd ")})


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """What a run of the default configuration leaves, of few records, and beside it what commands name."""
    folder = tmp_path_factory.mktemp("clone")
    make_dataset(folder / "results" / "dataset", check_config({**DEFAULT, **HERE, "num_examples": 8}))
    for name in ("config.yaml", "Snakefile", "Makefile", "presets", "profiles"):
        (folder / name).symlink_to(ROOT / name)
    task = pq.read_table(folder / "results" / "dataset" / "modification" / "test" / "000000.parquet").to_pylist()
    answers = [{"task": "modification"} | {key: row[key] for key in ("example_id", "completion")} for row in task]
    (folder / "completions.jsonl").write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    (folder / "my_probes.json").write_bytes((folder / "results" / "dataset" / "signature_dataset.json").read_bytes())
    (folder / "my.yaml").write_text("seed: 1\n")
    return folder


def run_snakemake(words: list[str], folder: Path) -> None:
    """Snakemake's own parser takes them, and the pipeline the configuration and the targets that they name."""
    _, options = parse_args(words)
    overlays = [read_yaml(folder / path) for path in options.configfile or []]
    config = check_config(load_config(ROOT / "config.yaml", *overlays, parsed(options.config or [])))
    for target in options.targets or ():
        assert target.startswith("results/")
        check_target(target, folder, Windows.of(config))


def parsed(settings: list[str]) -> dict:
    return {key: yaml.safe_load(value) for key, _, value in (setting.partition("=") for setting in settings)}


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_every_command_can_be_typed(page, command, clone, monkeypatch, capsys):
    if any(command.startswith(start) for start in ELSEWHERE):
        return
    monkeypatch.chdir(clone)
    tool, *words = shlex.split(command)
    if tool == "snakemake":
        run_snakemake(words, clone)
    elif tool == "make":
        subprocess.run(["make", "--dry-run", "--directory", ROOT, *words], check=True, capture_output=True)
    else:
        assert tool == "subject-zoo"
        assert main([word.replace("path/to/dataset", "results/dataset") for word in words]) == 0
        assert capsys.readouterr().out


def test_what_cannot_run_here_is_shown_somewhere():
    assert [start for start in ELSEWHERE if not any(command.startswith(start) for _, command in COMMANDS)] == []


def claims(code: str) -> str:
    """The program with an assertion for every line that is an expression and a comment with its value."""
    lines = code.splitlines()
    for statement in ast.parse(code).body:
        line = lines[statement.end_lineno - 1]
        shown, _, claim = line.partition("  # ")
        if isinstance(statement, ast.Expr) and claim and not shown.startswith("print("):
            lines[statement.end_lineno - 1] = f"assert ({shown}) == {ast.literal_eval(claim)!r}, ({shown})"
    return "\n".join(lines)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")])
def test_python_runs_from_top_to_bottom_and_gives_what_is_claimed(page, clone):
    code = "\n".join(map(claims, blocks(page, "python")))
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "HF_HOME": str(clone / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if "make_examples" in code and "print" in code:
        figures, number = done.stdout.strip().splitlines()[-1].rsplit(" ", 1)
        assert "background" in figures
        assert any(name in figures for name in PATTERNS)
        assert int(number) > 0


def test_the_library_makes_examples_in_five_lines():
    [code] = [block for block in blocks("README.md", "python") if "make_examples" in block]
    assert len([line for line in code.splitlines() if line]) <= 5


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "yaml")])
def test_overlays_are_valid(page):
    for block in blocks(page, "yaml"):
        check_config(load_config(ROOT / "config.yaml", yaml.safe_load(block)))


@pytest.mark.workflow
def test_a_preset_in_a_folder_of_its_own_can_be_planned(tmp_path):
    done = snakemake(tmp_path / "zoo-8k", "--dry-run", "--quiet", configfile=Path("presets/8k.yaml"))
    assert done.returncode == 0, done.stderr


def test_the_picture_is_of_the_first_record(clone):
    dataset = clone / "results" / "dataset"
    row, *tasks = (
        pq.read_table(dataset / table / "train" / "000000.parquet").to_pylist()[0]
        for table in ("data", "modification", "classification")
    )
    for task, texts in zip(("modification", "classification"), tasks, strict=True):
        row |= {f"{task}_{key}": texts[key] for key in ("prompt", "completion")}
    assert row["example_id"] == 0
    assert draw(row) == PICTURE.read_text(encoding="utf-8")
    assert PICTURE.stat().st_size < 200_000


def test_what_the_readme_quotes_is_in_the_first_record(clone):
    texts = [
        str(pq.read_table(clone / "results" / "dataset" / task / "train" / "000000.parquet").to_pylist()[0])
        for task in ("modification", "classification")
    ]
    quotes = [quote for quote in re.findall(r"`([^`]+)`", text_of("README.md").split("## ")[0]) if quote[0] == "{"]
    assert len(quotes) == 3
    for quote in quotes:
        assert quote.removesuffix("}").removesuffix("...").rstrip(",") in texts[0]
    assert "all_same, palindrome, alternating" in texts[1]


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text_of(page)):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_every_preset_is_in_the_readmes_table():
    rows = re.findall(r"^\| `(?:presets/)?([\w.]+\.yaml)`", text_of("README.md"), re.MULTILINE)
    assert sorted(rows) == sorted(["config.yaml", *(path.name for path in (ROOT / "presets").iterdir())])


def test_the_rooms_that_are_shown_are_those_that_there_are():
    rows = re.findall(r"^\| \d+ \| (.*?) \|", text_of("CONTRIBUTING.md"), re.MULTILINE)
    shown = {room for row in rows for room in re.findall(r"`(\w+)`", row)}
    library = ROOT / "scripts" / "subject_zoo"
    there = {path.stem for path in library.iterdir() if path.is_dir() or path.suffix == ".py"}
    assert shown == {name for name in there if not name.startswith("_")}
