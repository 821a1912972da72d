"""The wheel in an environment of its own, with its declared dependencies and nothing else."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.finished_dataset import finished  # noqa: F401
from tests.isolation import make_environment, normal
from tests.workflow.test_environment_pins import REQUIREMENTS, pins

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CARD = {"snakemake", "torch", "numpy", "safetensors", "pandas", "pyyaml", "huggingface_hub"}  # the user's design card
HEAVY = ["torch", "snakemake", "matplotlib", "huggingface_hub", "ziglang"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """A virtual environment with the wheel, as `pip install .` makes it."""
    folder = tmp_path_factory.mktemp("installed")
    tree = folder / "tree"  # a copy: building leaves files in the tree that is built
    shutil.copytree(ROOT / "scripts", tree / "scripts", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    pip = [sys.executable, "-m", "pip"]
    quietly = ["--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "wheel", *quietly, "--no-build-isolation", "--wheel-dir", folder, tree], check=True)
    [wheel] = folder.glob("*.whl")
    python = make_environment(folder / "venv", PROJECT["dependencies"])
    subprocess.run([*pip, "--python", python, "install", *quietly, wheel], check=True)
    return python.parent


def run(command: list, **options) -> subprocess.CompletedProcess:
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(command, env=kept, capture_output=True, text=True, check=False, cwd="/", **options)


def test_importing_loads_nothing_and_names_what_there_is(environment):
    code = (
        "import sys, subject_zoo; loaded = {'numpy', 'torch', 'pyarrow', 'yaml'} & set(sys.modules); assert not loaded;"
        f"assert not [name for name in {HEAVY} if __import__('importlib.util').util.find_spec(name)];"
        "print(subject_zoo.__version__, *subject_zoo.__all__)"
    )
    done = run([environment / "python", "-c", code])
    assert done.returncode == 0, done.stderr
    version, *names = done.stdout.split()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert {"Project", "SubjectModel", "verify"} <= set(names)


def test_a_dataset_is_checked_and_shown_without_a_clone(environment, finished):  # noqa: F811
    done = run([environment / "subject-zoo", "verify", finished, "--retrain", "2", "--seed-of-choice", "1"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "another environment" not in done.stdout  # the code has the digest that it has in the clone
    assert done.stdout.endswith("no problem\n")
    done = run([environment / "subject-zoo", "show", finished, "999999"])
    assert done.returncode == 1
    example_id = re.search(r"the nearest are (\d+)", done.stdout)[1]
    done = run([environment / "subject-zoo", "show", finished, example_id])
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Record {int(example_id):06d}" in done.stdout
    assert "relative change" in done.stdout


def test_examples_are_made_without_a_compiler(environment):
    code = f"""
from subject_zoo import Project, make_examples
overrides = {{"dataset": {{"num_sequences": 600, "pool_size": 2000}}}}
made = make_examples(Project.from_config({str(ROOT / "config.yaml")!r}, overrides), range(2))
assert sorted(made.improved) == [0, 1]
"""
    done = run([environment / "python", "-c", code])
    assert done.returncode == 0, done.stderr


def test_what_is_missing_is_named(environment):
    done = run([environment / "python", "-c", "from subject_zoo import SubjectModel"])
    assert "No module named 'torch'" in done.stderr
    done = run([environment / "python", "-c", "import subject_zoo; subject_zoo.Projekt"])
    assert "has no attribute 'Projekt'" in done.stderr


def test_the_lock_is_within_the_bounds():
    locked = {normal(name): number for name, number in pins(REQUIREMENTS).items()}
    bounds = [
        *PROJECT["dependencies"],
        *(text for extra in PROJECT["optional-dependencies"].values() for text in extra),
    ]
    for requirement in map(Requirement, bounds):
        name = normal(requirement.name)
        if name == "trl":
            continue  # for people who fine-tune; tested in an environment of its own
        assert requirement.specifier.contains(locked[name]), requirement
    declared = {normal(requirement.name) for requirement in map(Requirement, bounds)}
    assert set(locked) <= declared


def test_the_pipeline_has_what_the_users_card_names():
    bounds = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["pipeline"]]
    assert {Requirement(text).name for text in bounds} >= CARD
