"""The declared sources of a script are those that Python really imports, and the digest follows their content."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from subject_zoo.source_digest import combined_digest, source_digest, sources

SCRIPTS = Path(__file__).parents[1] / "scripts"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))

# Runs the imports of each script alone (a script as a whole wants Snakemake), those inside functions too, and of the
# modules that these load, and tells which modules there are then. The adapter is a stand-in: it logs and shows
# mistakes, so what it imports is no source of any result.
IMPORTER = """
import ast, json, sys, types
sys.modules["adapter"] = types.SimpleNamespace(rule_log=None)

def run_imports(path):
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    tree.body = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    exec(compile(tree, path, "exec"), {})

def loaded():
    return {module.__file__ for name, module in sys.modules.items() if name.startswith("subject_zoo.")}

reached = {}
for path in sys.argv[1:]:
    for name in [name for name in sys.modules if name.partition(".")[0] == "subject_zoo"]:
        del sys.modules[name]
    run_imports(path)
    done = set()
    while waiting := loaded() - done:
        done |= waiting
        for module in waiting:
            run_imports(module)
    reached[path] = sorted(loaded())
print(json.dumps(reached))
"""


@pytest.fixture(scope="module")
def real_imports() -> dict[str, set[Path]]:
    """By script name, the library's modules in sys.modules after its imports."""
    paths = [str(SCRIPTS / f"{name}.py") for name in NAMES]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTER, *paths], env=environment, capture_output=True, text=True, check=True
    )
    return {Path(path).stem: {Path(m) for m in modules} for path, modules in json.loads(done.stdout).items()}


@pytest.mark.parametrize("name", NAMES)
def test_sources_equal_the_real_import_graph(real_imports, name):
    script, *modules = sources(SCRIPTS / f"{name}.py")
    assert script == SCRIPTS / f"{name}.py"
    assert [module for module in modules if module.suffix == ".py"] == sorted(real_imports[name])


def test_scripts_reach_different_parts():
    names = lambda script: {path.stem for path in sources(SCRIPTS / f"{script}.py")}  # noqa: E731
    assert {"train_degraded", "trainer", "stacked_mlp", "adam", "errors"} <= names("train_degraded")  # GPUs' included
    assert "formatter" not in names("train_degraded")
    assert "trainer" not in names("make_pools")


class Copy:
    """A copy of scripts/ to edit. Its source_digest is loaded anew each time, as by a new run."""

    def __init__(self, folder: Path) -> None:
        self.scripts = folder / "elsewhere"
        shutil.copytree(SCRIPTS, self.scripts, ignore=shutil.ignore_patterns("__pycache__"))
        self.library = self.scripts / "subject_zoo"

    def _module(self):
        spec = importlib.util.spec_from_file_location("copied_digest", self.library / "source_digest.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def digest(self, script: str) -> str:
        return self._module().source_digest(self.scripts / f"{script}.py")

    def reached(self, script: str) -> set[str]:
        return {path.stem for path in self._module().sources(self.scripts / f"{script}.py")[1:]}


@pytest.fixture
def copy(tmp_path) -> Copy:
    return Copy(tmp_path)


@pytest.mark.parametrize("script", ["make_pools", "train_improved", "format_records"])
def test_the_digest_changes_with_a_reached_module_and_with_no_other(copy, script):
    before = copy.digest(script)
    assert before == source_digest(SCRIPTS / f"{script}.py")  # wherever the files are
    reached = copy.reached(script)
    everything = {path.stem for path in copy.library.glob("*.py")} - {"source_digest"}
    assert reached
    assert everything - reached
    for module in sorted(everything):
        path = copy.library / f"{module}.py"
        original = path.read_bytes()
        path.write_bytes(original + b"# one more line\n")
        assert (copy.digest(script) != before) == (module in reached), module
        path.write_bytes(original)
    assert copy.digest(script) == before


def test_the_scripts_own_content_counts_and_other_scripts_do_not(copy):
    before = copy.digest("validate")
    path = copy.scripts / "make_pools.py"
    path.write_text(path.read_text() + "\n")
    assert copy.digest("validate") == before
    path = copy.scripts / "validate.py"
    path.write_text(path.read_text() + "\n")
    assert copy.digest("validate") != before


@pytest.mark.parametrize("script", ["train_degraded", "train_improved", "validate", "extract_signatures"])
def test_a_c_source_counts_with_its_module(copy, script):
    before, elsewhere = copy.digest(script), copy.digest("make_pools")
    path = copy.library / "mlp_kernel.c"
    path.write_text(path.read_text() + "/* one more line */\n")
    assert copy.digest(script) != before
    assert copy.digest("make_pools") == elsewhere


def test_times_and_line_ends_do_not_count(copy):
    before = copy.digest("train_degraded")
    for path in copy.library.glob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        os.utime(path, (1, 1))
    assert copy.digest("train_degraded") == before


def test_a_new_import_brings_its_module_in(copy):
    (copy.library / "extra.py").write_text("from subject_zoo.more import value\n")
    (copy.library / "more.py").write_text("import subject_zoo.extra\n\nvalue = 1\n")  # a circle must end
    path = copy.library / "slices.py"
    path.write_text(path.read_text() + "\n\ndef late():\n    from subject_zoo.extra import value\n\n    return value\n")
    assert {"extra", "more"} <= copy.reached("make_pools")
    before = copy.digest("make_pools")
    (copy.library / "more.py").write_text("import subject_zoo.extra\n\nvalue = 2\n")
    assert copy.digest("make_pools") != before


def test_moving_text_between_modules_changes_the_digest(copy):
    first, second = copy.library / "errors.py", copy.library / "example_ranges.py"
    assert copy.reached("train_degraded") >= {"errors", "example_ranges"}
    before = copy.digest("train_degraded")
    first.write_text(first.read_text() + "# tail\n")
    moved = copy.digest("train_degraded")
    first.write_text(first.read_text().removesuffix("# tail\n"))
    second.write_text("# tail\n" + second.read_text())
    assert len({before, moved, copy.digest("train_degraded")}) == 3


def test_a_combined_digest_is_of_all_scripts_in_order():
    pools, validate = SCRIPTS / "make_pools.py", SCRIPTS / "validate.py"
    groups = [[pools], [pools, validate], [validate, pools], [pools, pools]]
    digests = [combined_digest(group) for group in groups]
    assert len(set(digests)) == len(groups)
    assert digests[1] == combined_digest(iter(groups[1]))
