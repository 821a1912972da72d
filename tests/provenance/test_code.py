"""The declared sources of a script are what really runs, and the digest follows what they compute and nothing else."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from subject_zoo.provenance.code import chain_digest, script_digest, sources

SCRIPTS = Path(__file__).parents[2] / "scripts"
LIBRARY = SCRIPTS / "subject_zoo"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py") if path.stem != "adapter")
STEPS = ("sample_dataset", "train_degraded", "train_improved", "validate", "extract_signatures", "format_records")
BY_DEFINITION = {"chain.py", "project.py"}
WHOLE = [name for name in NAMES if not {part.path.name for part in sources(SCRIPTS / f"{name}.py")} & BY_DEFINITION]

# Runs the imports of each script alone (a script as a whole wants Snakemake), those inside functions too, and of the
# modules that these load, and tells which modules there are then. The adapter is a stand-in: it logs and shows
# mistakes, so what it imports is no source of any result.
IMPORTER = """
import ast, json, sys, types
sys.modules["adapter"] = types.SimpleNamespace(rule_log=None, tell_on_terminal=None)

def run_imports(path):
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    tree.body = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    exec(compile(tree, path, "exec"), {})

def loaded():
    return {
        module.__file__ for name, module in sys.modules.items()
        if name.startswith("subject_zoo.") and not module.__file__.endswith("__init__.py")
    }

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

# Which of the library's files each step of the chain runs a function of.
TRACER = """
import json, sys
from pathlib import Path
from subject_zoo.chain import steps
from subject_zoo.config.check import check_config
from subject_zoo.project import Project

config = json.loads(sys.argv[1])
ran = set()

def note(frame, event, _):
    if event == "call" and frame.f_code.co_name != "<module>":
        ran.add(frame.f_code.co_filename)

reached = {}
sys.setprofile(note)
for step, _ in steps(Project(config), range(3), sign_rejected=True):
    reached[step] = sorted(path for path in ran if "subject_zoo" in path)
    ran.clear()
print(json.dumps(reached))
"""


def files_of(script: str) -> set[str]:
    """The files of a script's sources, relative to the library."""
    return {part.path.relative_to(LIBRARY).as_posix() for part in sources(SCRIPTS / f"{script}.py")}


def run(program: str, *arguments: str) -> dict[str, list[str]]:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    command = [sys.executable, "-c", program, *arguments]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="module")
def really_run() -> dict[str, list[str]]:
    from tests.conftest import small_config

    return run(TRACER, json.dumps(small_config({"format": {"max_prompt_chars": 10**6}})))


@pytest.mark.parametrize("step", STEPS)
def test_all_that_a_step_runs_is_a_source_of_its_script(really_run, step):
    ran = {Path(path).relative_to(LIBRARY).as_posix() for path in really_run[step]}
    assert len(ran) > 3
    assert ran <= files_of(step)


@pytest.fixture(scope="module")
def really_imported() -> dict[str, list[str]]:
    paths = {name: str(SCRIPTS / f"{name}.py") for name in WHOLE}
    reached = run(IMPORTER, *paths.values())
    return {name: reached[path] for name, path in paths.items()}


@pytest.mark.parametrize("name", WHOLE)
def test_sources_equal_the_real_import_graph(really_imported, name):
    found = {path for path in files_of(name) if path.endswith(".py")}
    assert found == {Path(path).relative_to(LIBRARY).as_posix() for path in really_imported[name]}


def test_scripts_reach_different_parts():
    assert {"training/trainer.py", "training/in_stacks/adam.py", "kernels/vectors.h"} <= files_of("train_degraded")
    for script in STEPS[:5]:
        assert "records/formatter.py" not in files_of(script)
    assert "training/trainer.py" not in files_of("validate") | files_of("make_pools") | files_of("format_records")
    assert not any(path.startswith(("dataset/", "hub/", "verification/")) for step in STEPS for path in files_of(step))
    assert len(files_of("draw_figures")) < 6


class Copy:
    """A copy of scripts/ to edit. Its digests are computed anew each time, as by a new run."""

    def __init__(self, folder: Path) -> None:
        self.scripts = folder / "elsewhere"
        shutil.copytree(SCRIPTS, self.scripts, ignore=shutil.ignore_patterns("__pycache__"))
        self.library = self.scripts / "subject_zoo"

    def _module(self):
        path = self.library / "provenance" / "code.py"
        spec = importlib.util.spec_from_file_location("copied_code", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["copied_code"] = module  # dataclasses look it up
        spec.loader.exec_module(module)
        return module

    def digest(self, script: str) -> str:
        return self._module().script_digest(self.scripts / f"{script}.py")

    def digests(self, *scripts: str) -> list[str]:
        module = self._module()
        return [module.script_digest(self.scripts / f"{script}.py") for script in scripts]

    def chain_digest(self) -> str:
        return self._module().chain_digest()

    def edit(self, path: str, edit: Callable[[str], str]) -> None:
        file = self.scripts / path
        before = file.read_text()
        file.write_text(edit(before))
        assert file.read_text() != before


@pytest.fixture
def copy(tmp_path) -> Copy:
    return Copy(tmp_path)


@pytest.mark.parametrize("script", ["make_pools", "train_improved", "format_records"])
def test_the_digest_changes_with_a_reached_module_and_with_no_other(copy, script):
    before = copy.digest(script)
    assert before == script_digest(SCRIPTS / f"{script}.py")  # wherever the files are
    reached = files_of(script) - BY_DEFINITION
    modules = {path.relative_to(copy.library).as_posix() for path in copy.library.rglob("*.py")}
    others = sorted(modules - files_of(script) - {"provenance/code.py"})
    for module in [*sorted(reached), *others[::6]]:
        path = copy.library / module
        original = path.read_bytes()
        path.write_bytes(original + (b"\n_EXTRA = 1\n" if path.suffix == ".py" else b"\nint extra;\n"))
        assert (copy.digest(script) != before) == (module in reached), module
        path.write_bytes(original)
    assert copy.digest(script) == before


@pytest.mark.parametrize(
    ("path", "edit"),
    [
        ("subject_zoo/training/stages.py", lambda text: text + "\n\n# a comment\n"),
        ("subject_zoo/training/stages.py", lambda text: text.replace('"""The two trainings', '"""Two trainings')),
        ("subject_zoo/training/stages.py", lambda text: text.replace("Stage 1: every", "Every")),
        ("subject_zoo/training/task.py", lambda text: text.replace("One model to train:", "What to train:")),
        ("subject_zoo/training/on_core.py", lambda text: text.replace("\n\n\n", "\n\n\n\n\n")),
        ("subject_zoo/training/trainer.py", lambda text: text.replace("(tasks, self", "(\n      tasks,  # all\n self")),
        ("subject_zoo/chain.py", lambda text: text.replace("Stage 1: models", "Models")),
        ("subject_zoo/project.py", lambda text: text.replace("Where models are trained.", "The device.")),
        ("subject_zoo/kernels/mlp.c", lambda text: text.replace("/* Vectors */", "/* Words */ // and more\n\n")),
        ("train_degraded.py", lambda text: text.replace("%d models on %s", "%d networks on %s")),
        ("train_degraded.py", lambda text: text.replace('"""Stage 1', '"""Stage one')),
    ],
)
def test_comments_docstrings_layout_and_log_messages_do_not_count(copy, path, edit):
    before, chain = copy.digest("train_degraded"), copy.chain_digest()
    copy.edit(path, edit)
    assert copy.digest("train_degraded") == before
    assert copy.chain_digest() == chain


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("training/rates.py", '"sigmoid": 2.0', '"sigmoid": 3.0'),
        ("training/in_stacks/stack.py", "STACK_SIZE = 128", "STACK_SIZE = 64"),
        ("base/terms.py", "ADAM_EPSILON = 1e-8", "ADAM_EPSILON = 1e-7"),
        ("kernels/mlp.c", "#define BLOCK 32", "#define BLOCK 16"),
        ("kernels/vectors.h", "#define LANES 8", "#define LANES 4"),
        ("chain.py", "stages.train_degraded(project.config", "stages.train_degraded(dict(project.config)"),
        ("project.py", 'use_device(self.config["device"])', 'use_device("cpu")'),
    ],
)
def test_what_computes_counts(copy, path, old, new):
    before, chain = copy.digest("train_degraded"), copy.chain_digest()
    copy.edit(f"subject_zoo/{path}", lambda text: text.replace(old, new))
    assert copy.digest("train_degraded") != before
    assert copy.chain_digest() != chain


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("chain.py", "if project.formatter.fits(record):", "if True:"),
        ("project.py", 'token_counter(self.config["format"]["tokenizer"])', "None"),
    ],
)
def test_the_chain_and_the_project_count_definition_by_definition(copy, path, old, new):
    before = copy.digests("train_degraded", "validate", "format_records")
    copy.edit(f"subject_zoo/{path}", lambda text: text.replace(old, new))
    after = copy.digests("train_degraded", "validate", "format_records")
    assert after[:2] == before[:2]
    assert after[2] != before[2]


def test_files_that_a_module_reads_count(copy):
    before = copy.digests("assemble_dataset", "train_degraded")
    copy.edit("subject_zoo/dataset/card.md", lambda text: text.replace("Known limits", "Limits"))
    after = copy.digests("assemble_dataset", "train_degraded")
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_the_chains_digest_is_of_all_steps_and_of_nothing_after_them(copy):
    assert copy.chain_digest() == chain_digest()
    for path in ("patterns/pools.py", "examples/plan.py", "evaluation/gates.py", "signatures/sign.py"):
        before = copy.chain_digest()
        copy.edit(f"subject_zoo/{path}", lambda text: text + "\n_EXTRA = 1\n")
        assert copy.chain_digest() != before, path
    before = copy.chain_digest()
    for path in ("dataset/shards.py", "hub/client.py", "verification/verify.py", "cli/verify.py", "examples/files.py"):
        copy.edit(f"subject_zoo/{path}", lambda text: text + "\n_EXTRA = 1\n")
    assert copy.chain_digest() == before


def test_times_and_line_ends_do_not_count(copy):
    before = copy.digest("train_degraded")
    for path in copy.library.rglob("*.[pc]*"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        os.utime(path, (1, 1))
    assert copy.digest("train_degraded") == before


@pytest.mark.parametrize(
    "statement", ["from subject_zoo.extra import value", "from subject_zoo import extra", "import subject_zoo.extra"]
)
def test_a_new_import_brings_its_module_in_however_it_is_written(copy, statement):
    (copy.library / "extra.py").write_text("from subject_zoo.more import value\n")
    (copy.library / "more.py").write_text("import subject_zoo.extra\n\nvalue = 1\n")  # a circle must end
    copy.edit("subject_zoo/patterns/slices.py", lambda text: f"{text}\n\ndef late():\n    {statement}\n")
    before = copy.digest("make_pools")
    (copy.library / "more.py").write_text("import subject_zoo.extra\n\nvalue = 2\n")
    assert copy.digest("make_pools") != before


def test_moving_a_line_between_modules_changes_the_digest(copy):
    first, second = copy.library / "base" / "errors.py", copy.library / "base" / "ids.py"
    before = copy.digest("train_degraded")
    first.write_text(first.read_text() + "_EXTRA = 1\n")
    moved = copy.digest("train_degraded")
    first.write_text(first.read_text().removesuffix("_EXTRA = 1\n"))
    second.write_text(second.read_text() + "_EXTRA = 1\n")
    assert len({before, moved, copy.digest("train_degraded")}) == 3


def test_texts_that_differ_inside_strings_differ(copy):
    """A hash sign in a string begins no comment, and a string that is no docstring counts, f-strings with it."""
    digests = set()
    for value in ("'# a'", "'# b'", "f'{1}# a'", "f'{1}# b'", 'f"{1:>{2}}"', 'f"{1:>{3}}"'):
        path = copy.library / "base" / "errors.py"
        path.write_text(f"_TEXT = {value}\n")
        digests.add(copy.digest("make_pools"))
    assert len(digests) == 6
