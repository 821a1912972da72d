"""Every description of the project's software names the same versions: requirements.txt is the one that counts."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ENVS = ROOT / "envs"
CONDA = sorted(ENVS.glob("*.yaml"))
RECIPES = [ENVS / "Dockerfile", ENVS / "subject-zoo.def"]
# Where conda-forge calls a package otherwise than PyPI does; matplotlib alone would bring Qt along.
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
BY_PIP = {"ziglang"}  # what conda environments take from PyPI, as it is a Python package there alone
SECTION = "# To test and to check style."  # what stands below it in requirements.txt, no rule needs


def pins(text: str) -> dict[str, str]:
    """The packages of a requirements.txt by name; a line that pins none is an error."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(re.fullmatch(r"([A-Za-z0-9_.-]+)==([0-9][\w.]*)", line).groups() for line in lines)


REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")
TO_RUN = pins(REQUIREMENTS[: REQUIREMENTS.index(SECTION)])


@pytest.mark.parametrize("path", CONDA, ids=lambda path: path.name)
def test_conda_environments_have_the_pins_of_the_requirements(path):
    environment = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge", "bioconda", "nodefaults"]  # nodefaults: no licensed channel
    *entries, by_pip = environment["dependencies"]
    found = dict(re.fullmatch(r"([a-z0-9_-]+)=([0-9.]+)", entry).groups() for entry in entries)
    found.pop("python")  # compared with the containers' below
    found.pop("pip")
    assert found == {CONDA_NAMES.get(name, name): number for name, number in TO_RUN.items() if name not in BY_PIP}
    assert pins("\n".join(by_pip["pip"])) == {name: TO_RUN[name] for name in BY_PIP}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_container_recipes_install_the_requirements_and_nothing_else(path):
    recipe = path.read_text(encoding="utf-8")
    [python] = re.findall(r"^(?:FROM|From:) python:([0-9.]+)-slim", recipe, re.MULTILINE)
    for conda in CONDA:
        assert f"python={python}" in conda.read_text(encoding="utf-8")
    installs = re.findall(r"pip install (.*)", recipe)
    assert len(installs) == 1
    assert installs[0].split()[-2:] == ["--requirement", "/opt/requirements.txt"]
    assert "==" not in recipe


def test_every_requirement_is_pinned():
    assert pins(REQUIREMENTS).items() > TO_RUN.items()


def test_integrations_are_tested_beside_what_the_project_is_tested_with():
    others = (ROOT / "requirements-integrations.txt").read_text(encoding="utf-8")
    both = pins(REQUIREMENTS).keys() & (there := pins(others)).keys()
    assert {name: there[name] for name in both} == {name: pins(REQUIREMENTS)[name] for name in both}


def test_every_rule_names_an_environment_that_exists():
    for path in (ROOT / "rules").glob("*.smk"):
        text = path.read_text(encoding="utf-8")
        named = re.findall(r'conda:\s+"([^"]+)"', text)
        assert len(named) == len(re.findall(r"^\s+(?:script|shell):", text, re.MULTILINE))
        assert all((path.parent / name).resolve() in CONDA for name in named)


@pytest.mark.parametrize("name", sorted(TO_RUN))
def test_the_pins_are_what_the_tests_ran_with(name):
    assert version(name).partition("+")[0] == TO_RUN[name]
