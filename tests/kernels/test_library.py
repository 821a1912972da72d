"""Kernels are compiled once, wherever that can be kept, or come with a wheel; a mistake is one line."""

import ctypes
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import ACTIVATIONS, SIGNATURE_METHODS
from subject_zoo.kernels import compiler, library, targets
from subject_zoo.kernels.compiler import compile_kernel
from subject_zoo.kernels.library import keep, library_name, load_kernel
from subject_zoo.kernels.targets import TARGETS, host_targets

SOURCE = 'int __attribute__((visibility("default"))) answer(void) { return 42; }\n'


@pytest.mark.parametrize(
    ("file", "enum", "names"),
    [("mlp.c", "activation", ACTIVATIONS), ("signature.c", "method", (*SIGNATURE_METHODS, "methods"))],
)
def test_what_c_counts_is_what_python_names(file, enum, names):
    """An enum's values are places in Python's lists."""
    [listed] = re.findall(
        rf"^enum {enum} {{ (.*) }};$", Path(library.__file__).with_name(file).read_text(encoding="utf-8"), re.MULTILINE
    )
    assert listed.lower().split(", ") == list(names), f"enum {enum} of {file}, and base/terms.py"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "library" / "answer.c"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


@pytest.fixture
def compilations(monkeypatch) -> list:
    """The targets that were compiled for."""
    made = []

    def compile_and_note(source, target, path):
        made.append(target.name)
        compile_kernel(source, target, path)

    monkeypatch.setattr(compiler, "compile_kernel", compile_and_note)
    return made


def kept(source) -> list[str]:
    """Libraries, each of which has a digest beside it."""
    names = sorted(os.listdir(source.parent / "__pycache__"))
    libraries = [name for name in names if not name.endswith(".sha256")]
    assert names == sorted([*libraries, *(f"{name}.sha256" for name in libraries)])
    return libraries


def test_a_source_is_compiled_once_and_again_when_it_or_a_header_changes(source, compilations):
    assert [load_kernel(source).answer() for _ in range(3)] == [42] * 3
    assert len(compilations) == 1
    first = kept(source)
    assert len(first) == 1
    source.write_text(SOURCE.replace("42", "43"))
    assert load_kernel(source).answer() == 43
    assert len(compilations) == 2
    (source.parent / "words.h").write_text("#define WORD 1\n")
    load_kernel(source)
    assert len(compilations) == 3
    assert set(first) < set(kept(source))


@pytest.mark.parametrize("name", ["FLAGS", "SHARED"])
def test_another_flag_has_a_library_of_its_own(source, monkeypatch, name):
    target = host_targets()[0]
    before = library_name(source, target)
    monkeypatch.setattr(library, name, (*getattr(library, name), "-ffast-math"))
    assert library_name(source, target) != before


def test_another_target_has_a_library_of_its_own(source, compilations, monkeypatch):
    load_kernel(source)
    other = TARGETS["linux-aarch64"]
    monkeypatch.setattr(library, "host_targets", lambda: [other])
    monkeypatch.setattr(library.ctypes, "CDLL", str)  # this machine cannot load it
    load_kernel(source)
    assert compilations == [host_targets()[0].name, "linux-aarch64"]
    assert len(kept(source)) == 2


def test_a_library_that_came_with_a_wheel_needs_no_compiler(source, compilations, monkeypatch):
    built = source.parent / library.BUILT
    built.mkdir()
    slowest = host_targets()[-1]
    brought = built / library_name(source, slowest)
    compile_kernel(source, slowest, brought)
    keep(brought, brought.read_bytes())
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    assert load_kernel(source).answer() == 42
    assert compilations == []
    assert not (source.parent / "__pycache__").exists()


def test_where_nothing_can_be_kept_it_serves_the_process(source, compilations):
    (source.parent / "__pycache__").write_text("a file, so no folder can be made here")
    assert [load_kernel(source).answer() for _ in range(2)] == [42] * 2
    assert len(compilations) == 2


@pytest.mark.parametrize("damage", ["empty", "zeros", "bit", "no digest", "another digest"])
def test_a_library_that_is_not_what_was_compiled_is_made_again(source, compilations, damage):
    load_kernel(source)
    path = source.parent / "__pycache__" / kept(source)[0]
    whole, digest = path.read_bytes(), path.with_name(f"{path.name}.sha256")
    spoiled = {"empty": b"", "zeros": bytes(len(whole)), "bit": bytes([whole[0] ^ 1]) + whole[1:]}
    path.unlink()  # this process has it loaded: written into, it would be another underfoot
    path.write_bytes(spoiled.get(damage, whole))
    if damage == "no digest":
        digest.unlink()
    elif damage == "another digest":
        digest.write_text("0" * 64)
    code = "import sys; from pathlib import Path; from subject_zoo.kernels.library import load_kernel as load\n"
    code += "sys.exit(load(Path(sys.argv[1])).answer() != 42)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code, str(source)], env=environment, check=False).returncode == 0
    assert path.read_bytes() == whole
    assert len(kept(source)) == 1


def test_a_folder_where_nothing_may_be_run_is_one_line(source, monkeypatch):
    def refuse(path):
        raise OSError(f"{path}: failed to map segment from shared object")

    monkeypatch.setattr(library.ctypes, "CDLL", refuse)
    with pytest.raises(UserError, match="nothing may be run there; set TMPDIR") as caught:
        load_kernel(source)
    assert "\n" not in str(caught.value)


def test_processes_that_start_together_all_find_a_whole_library(source):
    code = "import sys; from pathlib import Path; from subject_zoo.kernels.library import load_kernel as load\n"
    code += "sys.exit(load(Path(sys.argv[1])).answer() != 42)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    started = [subprocess.Popen([sys.executable, "-c", code, str(source)], env=environment) for _ in range(4)]
    assert [process.wait() for process in started] == [0] * 4
    assert len(kept(source)) == 1


def test_a_source_with_a_mistake_is_one_line(source):
    source.write_text("int answer(void) { return }\n")
    with pytest.raises(UserError, match="cannot be compiled") as caught:
        load_kernel(source)
    assert "expected expression" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (source.parent / "__pycache__").exists()


def test_a_missing_compiler_is_one_line(source, monkeypatch):
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="ziglang, which compiles the kernels, is not installed; pip install ziglang"):
        load_kernel(source)
    assert importlib.util.find_spec("ziglang")


class Machine:
    """A stand-in for `platform`."""

    def __init__(self, processor: str) -> None:
        self.machine = lambda: processor


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu sse2 avx avx2 fma", ["v3"]),
        ("avx2 fma avx512f avx512bw avx512cd avx512dq", ["v3"]),
        ("avx2 fma avx512f avx512bw avx512cd avx512dq avx512vl", ["v4", "v3"]),
    ],
)
def test_the_processor_decides_the_level(monkeypatch, flags, expected):
    monkeypatch.setattr(targets.Path, "read_text", lambda *_, **__: f"processor : 0\nflags\t\t: {flags}\nbugs :\n")
    monkeypatch.setattr(targets, "platform", Machine("x86_64"))
    monkeypatch.setattr(targets.sys, "platform", "linux")
    assert [target.name for target in host_targets()] == [f"linux-x86_64-{level}" for level in expected]


@pytest.mark.parametrize(
    ("system", "processor", "expected"),
    [
        ("linux", "aarch64", "linux-aarch64"),
        ("darwin", "arm64", "darwin-aarch64"),
        ("darwin", "x86_64", "darwin-x86_64-v3"),
        ("win32", "AMD64", "win32-x86_64-v3"),
    ],
)
def test_every_machine_that_is_promised_has_a_target(monkeypatch, system, processor, expected):
    monkeypatch.setattr(targets, "platform", Machine(processor))
    monkeypatch.setattr(targets.sys, "platform", system)
    if system != "linux":
        monkeypatch.setattr(targets.Path, "read_text", _no_such_file)
    assert [target.name for target in host_targets()] == [expected]


def _no_such_file(*_args, **_kwargs):
    raise FileNotFoundError


def test_a_processor_that_is_too_old_is_one_line(monkeypatch):
    monkeypatch.setattr(targets.Path, "read_text", lambda *_, **__: "flags : fpu sse2 avx\n")
    monkeypatch.setattr(targets, "platform", Machine("x86_64"))
    with pytest.raises(UserError, match="lacks AVX2 and FMA"):
        host_targets()


@pytest.mark.parametrize("processor", ["riscv64", "armv7l", "ppc64le", "i686", "s390x"])
def test_another_processor_is_one_line(monkeypatch, processor):
    monkeypatch.setattr(targets, "platform", Machine(processor))
    with pytest.raises(UserError, match=rf"this machine \(linux, {processor}\) cannot run the kernels") as caught:
        host_targets()
    assert "\n" not in str(caught.value)


KERNELS = sorted(library.__file__.replace("library.py", f"{name}.c") for name in ("mlp", "signature", "loss"))


@pytest.mark.parametrize("name", ["linux-aarch64", "darwin-aarch64", "darwin-x86_64-v3"])
def test_the_kernels_compile_for_other_machines(tmp_path, name):
    """Windows too (`TARGETS`); but that builds Zig's own C library, which takes most of a minute."""
    for source in map(library.Path, KERNELS):
        made = tmp_path / source.name
        compile_kernel(source, TARGETS[name], made)
        code = made.read_bytes()
        assert len(code) > 4_000
        for place in (tmp_path, source.parent, compiler._cache().name):
            assert str(place).encode() not in code  # equal bytes, wherever they are compiled


def test_the_host_loads_what_it_was_promised(source, tmp_path):
    for target in host_targets():
        path = tmp_path / library_name(source, target)
        compile_kernel(source, target, path)
        assert ctypes.CDLL(str(path)).answer() == 42
