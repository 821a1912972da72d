"""Every command in docs/ does what a command does: it is run, without its work where that is long."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.cli import main
from subject_zoo.config.check import check_config
from subject_zoo.config.load import load_config, parse_yaml
from tests.docs.pages import ROOT, RUN_HERE, code_blocks, commands

NOT_RUN = {  # by how a command begins, and why
    "hf ": "asks huggingface.co; the loopback Hub's tests publish and read",
    "pip ": "tests/workflow/test_installed.py installs the wheel",
    "conda ": "asks conda-forge; tests/workflow/test_environment_pins.py compares the pins",
    "apptainer ": "builds an image",
    "docker ": "builds an image",
    "sbatch ": "needs a cluster; tests/workflow/test_slurm.py runs on one",
    "vf-": "tests/integrations/test_integrations_page.py",
    "inspect ": "tests/integrations/test_inspect.py",
    "lm-eval ": "tests/integrations/test_integrations_page.py",
    "python -m subject_zoo.integrations": "tests/integrations/test_integrations_page.py",
    "snakemake --sdm conda": "asks conda-forge",
    "snakemake --report": "tells of a finished run",
    "snakemake --list-rules": "tests/workflow/test_module.py reads the list",
    "subject-zoo merge": "needs two datasets; tests/merge makes them one",
    "python benchmarks/language_model/": "needs TRL; tests/integrations/test_recipe.py runs it on a tiny model",
    "subject-zoo baseline": "learns for minutes; tests/judge/test_ladder.py runs it on less",
    "subject-zoo score results/dataset completions.jsonl --ladder": "reads what baseline wrote; tests/judge likewise",
    ". .venv/bin/activate": "a shell's own",
    "$EDITOR ": "a person's own",
}
TYPED = list(dict.fromkeys(command for page in RUN_HERE for command in commands(page)))
RUN = [command for command in TYPED if not command.startswith(tuple(NOT_RUN))]


def arguments_of(program: str) -> list[list[str]]:
    return [words[1:] for words in map(shlex.split, RUN) if words[0] == program]


def test_every_command_is_run_or_has_a_reason_not_to_be():
    assert {shlex.split(command)[0] for command in RUN} == {"make", "snakemake", "subject-zoo"}
    for beginning in NOT_RUN:
        assert any(command.startswith(beginning) for command in TYPED), f"{beginning}: no page tells to type it"


@pytest.mark.parametrize("arguments", arguments_of("make"), ids=shlex.join)
def test_make_knows_its_targets(arguments):
    done = subprocess.run(["make", "--dry-run", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def dry_runs() -> list[list[str]]:
    """Dry runs that tell of all commands of Snakemake: each once, whatever its cores; none of more than a few thousand
    records; and all single files together."""
    plain = [re.sub(r"--cores (\d+|all) ?|--dry-run", "", shlex.join(words)) for words in arguments_of("snakemake")]
    small = dict.fromkeys(re.sub(r"(num_examples=\d)\d{3,}", r"\g<1>000", line).strip() for line in plain)
    files = [line for line in small if line.startswith("results/")]
    return [shlex.split(line) for line in (" ".join(files), *(line for line in small if line not in files))]


@pytest.mark.workflow
def test_snakemake_plans_what_is_asked_for(tmp_path):
    (tmp_path / "my.yaml").write_text("training: {batch_size: 64}\n")
    own = {name: str(ROOT / name) for name in ("profiles/slurm", "presets/4k.yaml")}
    asked = dry_runs()
    lines = [["--snakefile", str(ROOT / "Snakefile"), *(own.get(word, word) for word in words)] for words in asked]
    done = subprocess.run(
        [sys.executable, ROOT / "tests/docs/dry_runs.py"],
        cwd=tmp_path,
        input=json.dumps(lines),
        env=os.environ | {"PYTHONPATH": "", "HF_TOKEN": "hf_none"},
        capture_output=True,
        text=True,
        check=True,
    )
    for words, (status, told) in zip(asked, json.loads(done.stdout), strict=True):
        assert status == 0, f"{words}: {told}"
        assert all(word in told for word in words if word.startswith("results/"))
        assert "make_pools" in told, words


@pytest.fixture(scope="module")
def folder(finished, tmp_path_factory) -> Path:
    """Where a finished dataset lies in results/, a copy of it in copy/, its test split's answers in a file, and what
    they are worth in others."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(finished, folder / "results/dataset")
    shutil.copytree(finished, folder / "copy")
    with (folder / "completions.jsonl").open("w") as file:
        for path in sorted(finished.glob("*/test/*.parquet")):
            if (task := path.parts[-3]) != "data":
                for row in pq.read_table(path, columns=["example_id", "completion"]).to_pylist():
                    file.write(json.dumps({**row, "task": task}) + "\n")
    judged = ["score", str(finished), str(folder / "completions.jsonl"), "--model", "true"]
    for name in ("my-model.json", "other-model.json"):
        assert main([*judged, "--json", str(folder / name)]) == 0
    return folder


@pytest.mark.parametrize("arguments", arguments_of("subject-zoo"), ids=shlex.join)
def test_subject_zoo_does_what_is_asked(folder, monkeypatch, capsys, arguments):
    monkeypatch.chdir(folder)
    [first, *_] = pq.read_table(next(folder.glob("results/dataset/data/*/*.parquet")))["example_id"].to_pylist()
    stand_for = {
        "FOLDER": "results/dataset",
        "COMPLETIONS": "completions.jsonl",
        "FILE": "my-model.json",
        "ID": str(first),
        "7": str(first),
    }
    assert main([stand_for.get(word, word) for word in arguments]) == 0
    assert capsys.readouterr().out


def test_the_line_of_a_mistake_is_the_one_that_is_shown():
    with pytest.raises(UserError) as caught:
        check_config(load_config(ROOT / "config.yaml", {"training": {"batchsize": 64}}))
    assert f"{caught.value}\n" in code_blocks(ROOT / "docs/configuration.md", "")


def test_json_and_yaml_are_that():
    for page in RUN_HERE:
        for block in code_blocks(page, "json"):
            json.loads(block)
        for block in code_blocks(page, "yaml"):
            parse_yaml(block)
