"""The wheel in an environment of its own, with its declared dependencies and nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from subject_zoo.kernels.library import BUILT, library_name
from subject_zoo.kernels.targets import TARGETS
from tests.golden_examples import GOLDEN
from tests.isolation import make_environment, normal
from tests.kernels.shared_library import SharedLibrary
from tests.workflow.test_environment_pins import REQUIREMENTS, pins

ROOT = Path(__file__).parents[2]
KERNELS = ROOT / "scripts" / "subject_zoo" / "kernels"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CARD = {"snakemake", "torch", "numpy", "safetensors", "pandas", "pyyaml", "huggingface_hub"}  # the user's design card
HEAVY = ["torch", "snakemake", "matplotlib", "huggingface_hub", "ziglang"]


def make_wheel(folder: Path) -> Path:
    """What `make wheel` makes of the tree, in a copy of it: building leaves files in the tree that is built."""
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    ready = [f"VENV={sys.prefix}", f"--old-file={sys.prefix}/.ready"]
    subprocess.run(["make", *ready, "wheel"], cwd=folder, check=True, capture_output=True)
    [wheel] = (folder / "dist").iterdir()
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return make_wheel(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """The folder of programs of a virtual environment with the wheel, as `pip install` makes it, and no compiler."""
    python = make_environment(tmp_path_factory.mktemp("installed") / "venv", PROJECT["dependencies"])
    quietly = ["--quiet", "--no-deps", "--no-index"]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", *quietly, wheel], check=True)
    return python.parent


def run(command: list, **settings: str) -> subprocess.CompletedProcess:
    """Runs a program of an environment, with no others on the PATH."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    alone = kept | {"PATH": str(command[0].parent)} | settings
    return subprocess.run(command, env=alone, capture_output=True, text=True, check=False, cwd="/")


def kernels(environment: Path) -> Path:
    [folder] = environment.parent.glob("lib/python*/site-packages/subject_zoo/kernels")
    return folder


def test_two_wheels_of_one_tree_are_equal(wheel, tmp_path):
    """Wherever and whenever they are made, whoever may read the tree, and whatever was built in it before."""
    folder = tmp_path / "another tree"
    stale = folder / "build" / "lib" / "subject_zoo" / "kernels" / "built" / "mlp-linux-x86_64-v3-0.so"
    stale.parent.mkdir(parents=True)
    stale.touch()
    before = os.umask(0o077)
    try:
        again = make_wheel(folder)
    finally:
        os.umask(before)
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_its_libraries_need_no_other(wheel):
    """So the wheel, which holds all of them, is for every Linux with these processors, whatever its C library."""
    assert wheel.name.endswith("-py3-none-any.whl")
    targets = [target for target in TARGETS.values() if target.name.startswith("linux")]
    assert {target.triple for target in targets} == {"x86_64-linux-gnu", "aarch64-linux-gnu"}
    with zipfile.ZipFile(wheel) as archive:
        for source in KERNELS.glob("*.c"):
            for target in targets:
                library = SharedLibrary(archive.read(f"subject_zoo/kernels/{BUILT}/{library_name(source, target)}"))
                assert not library.needs_others
                assert library.undefined <= {"memcpy", "memset"}  # of any C library that the process has


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


def test_a_dataset_is_checked_and_shown_without_a_clone(environment, finished):
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
    done = run([environment / "subject-zoo", "info", finished])
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_missing_to_make_datasets_is_told(environment):
    done = run([environment / "subject-zoo", "doctor"])
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr == ""
    told = " ".join(done.stdout.split())
    assert "OK packages all that is needed to read, show, verify and score datasets" in told
    assert "OK kernels loss, mlp, signature, compiled before" in told
    assert "OK compiler none, and none needed" in told
    assert "installed without the Snakefile, and not installed or too old: datasets, httpx2, huggingface_hub" in told
    assert "there type make run, or pip install '.[pipeline]'" in told
    assert "torch, which is for a record's network as a torch module -> pip install 'subject-zoo[torch]'" in told


def test_examples_are_made_without_a_compiler(environment):
    done = run([environment / "python", "-m", "tests.golden_examples"], PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(GOLDEN.read_text())
    assert not [path for path in kernels(environment).rglob("*.so") if path.parent.name != BUILT]


@pytest.mark.parametrize("changed", ["source", "library", "digest"])
def test_a_library_of_another_source_or_with_other_bytes_is_not_used(environment, tmp_path, changed):
    package = shutil.copytree(kernels(environment).parent, tmp_path / "subject_zoo")
    for path in {
        "source": [package / "kernels" / "loss.c"],
        "library": package.glob(f"kernels/{BUILT}/loss-*.so"),
        "digest": package.glob(f"kernels/{BUILT}/loss-*.so.sha256"),
    }[changed]:
        path.write_bytes(path.read_bytes() + b"\n")
    code = "from subject_zoo.kernels import mlp, loss; print(mlp._kernel()); loss._kernel()"
    done = run([environment / "python", "-c", code], PYTHONPATH=str(tmp_path))
    assert f"{BUILT}/mlp-" in done.stdout
    assert done.stderr.endswith("ziglang, which compiles the kernels, is not installed; pip install ziglang\n")


def test_what_is_missing_is_named(environment):
    done = run([environment / "python", "-c", "from subject_zoo import SubjectModel"])
    assert "No module named 'torch'" in done.stderr
    done = run([environment / "python", "-c", "import subject_zoo; subject_zoo.Projekt"])
    assert "has no attribute 'Projekt'" in done.stderr


def test_the_lock_is_within_the_bounds():
    others = (ROOT / "requirements-integrations.txt").read_text(encoding="utf-8")
    locked = {normal(name): number for name, number in (pins(others) | pins(REQUIREMENTS)).items()}
    bounds = [
        *PROJECT["dependencies"],
        *(text for extra in PROJECT["optional-dependencies"].values() for text in extra),
    ]
    for requirement in map(Requirement, bounds):
        assert requirement.specifier.contains(locked[normal(requirement.name)]), requirement
    declared = {normal(requirement.name) for requirement in map(Requirement, bounds)}
    assert {normal(name) for name in pins(REQUIREMENTS)} <= declared


def test_the_pipeline_has_what_the_users_card_names():
    bounds = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["pipeline"]]
    assert {Requirement(text).name for text in bounds} >= CARD
