"""C sources are compiled once, wherever that can be kept, and a mistake is one line."""

import os
import subprocess
import sys

import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.kernels import compiler as c_library
from subject_zoo.kernels.compiler import load_c_library

SOURCE = 'int __attribute__((visibility("default"))) answer(void) { return 42; }\n'


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "library" / "answer.c"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


@pytest.fixture
def compilations(monkeypatch) -> list:
    """The commands that were run."""
    commands, run = [], c_library._compile
    monkeypatch.setattr(c_library, "_compile", lambda command, folder: (commands.append(command), run(command, folder)))
    return commands


def kept(source) -> list[str]:
    return sorted(os.listdir(source.parent / "__pycache__"))


def test_a_source_is_compiled_once_and_again_when_it_changes(source, compilations):
    assert [load_c_library(source).answer() for _ in range(3)] == [42] * 3
    assert len(compilations) == 1
    first = kept(source)
    assert len(first) == 1
    source.write_text(SOURCE.replace("42", "43"))
    assert load_c_library(source).answer() == 43
    assert len(compilations) == 2
    assert set(first) < set(kept(source))


@pytest.mark.parametrize("change", ["compiler", "machine", "processor"])
def test_another_compiler_or_machine_has_a_library_of_its_own(source, compilations, monkeypatch, change):
    load_c_library(source)
    replaced = {
        "compiler": ("_compiler_version", lambda: "0.0.1"),
        "machine": ("platform", type("platform", (), {"machine": staticmethod(lambda: "something else")})),
        "processor": ("levels", lambda: ["x86_64_v4" if best == "x86_64_v3" else "x86_64_v3"]),
    }
    best = c_library.levels()[0]
    monkeypatch.setattr(c_library, *replaced[change])
    monkeypatch.setattr(c_library.ctypes, "CDLL", str)  # the machine may not be able to load it
    load_c_library(source)
    assert len(compilations) == 2
    assert len(kept(source)) == 2


def test_where_nothing_can_be_kept_it_serves_the_process(source, compilations, monkeypatch):
    (source.parent / "__pycache__").write_text("a file, so no folder can be made here")
    assert [load_c_library(source).answer() for _ in range(2)] == [42] * 2
    assert len(compilations) == 2


def test_processes_that_start_together_all_find_a_whole_library(source):
    code = "import sys; from pathlib import Path; from subject_zoo.kernels.compiler import load_c_library as load\n"
    code += "sys.exit(load(Path(sys.argv[1])).answer() != 42)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    started = [subprocess.Popen([sys.executable, "-c", code, str(source)], env=environment) for _ in range(4)]
    assert [process.wait() for process in started] == [0] * 4
    assert len(kept(source)) == 1


def test_a_source_with_a_mistake_is_one_line(source):
    source.write_text("int answer(void) { return }\n")
    with pytest.raises(UserError, match="cannot be compiled") as caught:
        load_c_library(source)
    assert "expected expression" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (source.parent / "__pycache__").exists()


def test_a_missing_compiler_is_one_line(source, monkeypatch):
    def missing(name: str) -> str:
        raise c_library.PackageNotFoundError(name)

    monkeypatch.setattr(c_library, "version", missing)
    with pytest.raises(UserError, match="ziglang is not installed; pip install"):
        load_c_library(source)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu sse2 avx avx2 fma", ["x86_64_v3"]),
        ("avx2 fma avx512f avx512bw avx512cd avx512dq", ["x86_64_v3"]),
        ("avx2 fma avx512f avx512bw avx512cd avx512dq avx512vl", ["x86_64_v4", "x86_64_v3"]),
    ],
)
def test_the_processor_decides_the_level(monkeypatch, flags, expected):
    monkeypatch.setattr(c_library.Path, "read_text", lambda *_, **__: f"processor : 0\nflags\t\t: {flags}\nbugs :\n")
    assert c_library.levels() == expected


def test_a_processor_that_is_too_old_is_one_line(monkeypatch):
    monkeypatch.setattr(c_library.Path, "read_text", lambda *_, **__: "flags : fpu sse2 avx\n")
    with pytest.raises(UserError, match="lacks AVX2 and FMA"):
        c_library.levels()
