"""Whether a machine is ready: whatever lacks is a finding with what to do about it, and no traceback."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subject_zoo.base import running
from subject_zoo.cli import main
from subject_zoo.doctor import disk, kernels, machine, services, software
from subject_zoo.doctor.asked import Asked, find_clone, read_config, usable_cores
from subject_zoo.doctor.examine import WIDTH, examine, is_ready, lines
from subject_zoo.doctor.finding import Finding, Level
from subject_zoo.doctor.work import SNAKEMAKE, Work, work_of
from subject_zoo.kernels import library
from tests.conftest import small_config

ROOT = Path(__file__).parents[2]
SECRET = "hf_NobodyMayReadThisTokenAnywhere"
HIDING = """
import sys
for name in {hidden}:
    sys.modules[name] = None
from subject_zoo.cli import main
sys.exit(main(["doctor", *sys.argv[1:]]))
"""


def asked(folder: Path = ROOT, clone: Path | None = ROOT, **overlay) -> Asked:
    return Asked(clone, folder, small_config(overlay))


def only(findings) -> Finding:
    [finding] = findings
    return finding


def clone_without_bytecode(folder: Path) -> Path:
    """A clone as git makes it: nothing is compiled in it."""
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("Snakefile", "config.yaml", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    return folder


def doctor(*arguments: str, clone: Path = ROOT, hidden: tuple[str, ...] = (), **environment: str) -> tuple[int, str]:
    """Exit status and output of the command in a process of its own, where these modules cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-c", HIDING.format(hidden=hidden), *arguments],
        env=os.environ | {"PYTHONPATH": str(clone / "scripts"), "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_where_the_tests_run_a_run_can_work(tmp_path):
    findings = list(examine(tmp_path))
    assert [f for f in findings if f.level is Level.FAIL] == []
    assert is_ready(findings)
    told = list(lines(findings))
    assert all(line.isprintable() and len(line) <= WIDTH for line in told)
    assert told[-1].startswith("A run can work here: make run")


def test_for_machines_it_is_one_json_object(capsys):
    assert main(["doctor", "--json", "--records", "1000"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert known["ready"] is True
    assert known["findings"][0] == {
        "level": "OK",
        "what": "run",
        "said": f"1,000 records, of {ROOT / 'config.yaml'}",
        "advice": "",
    }


def test_a_wrong_configuration_is_a_finding(tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text("training: {batchsize: 3}")
    assert main(["doctor", "--configfile", str(tmp_path / "mine.yaml")]) == 1
    told = capsys.readouterr().out
    assert "FAIL  run         config: training.batchsize is not a key; did you mean training.batch_size?" in told
    assert "A run cannot work here yet: 1 thing has to be mended." in told


# A token


@pytest.mark.parametrize("where", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "file"])
def test_nothing_of_a_token_is_printed(tmp_path, where):
    environment = {"HF_HOME": str(tmp_path)} | ({} if where == "file" else {where: SECRET})
    if where == "file":
        (tmp_path / "token").write_text(f"{SECRET}\n")
    told = "".join(doctor(*more, **environment)[1] for more in ([], ["--json"]))
    assert "a token is there" in told
    assert not [part for part in range(len(SECRET) - 5) if SECRET[part : part + 6] in told]


def test_to_publish_a_token_is_needed(monkeypatch):
    monkeypatch.setattr("subject_zoo.hub.client.get_token", lambda: None)
    assert only(services.hub_login(asked())).level is Level.OK
    found = only(services.hub_login(asked(publish={"repo_id": "me/zoo"})))
    assert found.level is Level.FAIL
    assert "HF_TOKEN" in found.advice


# Packages and kernels


def test_packages_that_are_missing_or_of_other_versions_are_named(tmp_path):
    pins = "numpy==0.1\nno-such-package==1.0\ntorch==0\nziglang==0.17.1\n# To test and to check style.\npytest==0.1\n"
    (tmp_path / "requirements.txt").write_text(pins)
    found = list(software.packages(asked(clone=tmp_path)))
    assert [f.level for f in found] == [Level.FAIL, Level.WARN, Level.WARN]
    assert found[0].said == "not installed: no-such-package"
    assert "numpy" in found[1].said
    assert "(not 0.1)" in found[1].said
    assert found[2].said.endswith("pytest")


def test_a_package_that_one_use_needs_is_no_failure(tmp_path, monkeypatch):
    (tmp_path / "requirements.txt").write_text("torch==2.13.0\n# To test\n")
    monkeypatch.setattr(software, "version_of", lambda name: "none")
    found = only(software.packages(asked(clone=tmp_path)))
    assert found.level is Level.WARN
    assert "torch (a GPU, or a record's network as a torch module)" in found.said


def test_without_a_compiler_and_with_nothing_compiled_no_run_can_work(tmp_path):
    status, told = doctor(clone=clone_without_bytecode(tmp_path), hidden=("ziglang",), PATH="/nowhere")
    assert status == 1
    assert "FAIL  kernels     the package ziglang, which compiles the kernels, is not installed" in told
    assert "SLURM       none here" in told
    assert not list(tmp_path.rglob("*.so"))


def test_without_a_compiler_kernels_that_are_there_do(monkeypatch):
    assert only(kernels.kernels(asked())).level is Level.OK  # compiled, if need be
    monkeypatch.setattr(kernels, "find_spec", lambda name: None)
    assert only(kernels.compiler(asked())).said == "none, and none needed: the kernels are compiled"


def test_kernels_of_other_bits_are_found(monkeypatch):
    monkeypatch.setattr(kernels, "KNOWN", "0" * 64)
    assert only(kernels.kernels(asked())).level is Level.FAIL


def test_the_library_that_is_loaded_is_the_one_that_stands():
    only(kernels.kernels(asked()))
    for source in kernels.sources():
        assert library.is_whole(library.standing(source))


@pytest.mark.parametrize(
    "hidden",
    [
        ("numpy", "yaml", "jsonschema", "pyarrow", "torch", "huggingface_hub", "httpx2", "ziglang", "snakemake"),
        ("numpy",),
        ("huggingface_hub",),
        ("jsonschema",),
    ],
    ids=lambda hidden: hidden[0] if len(hidden) == 1 else "all",
)
def test_whatever_cannot_be_imported_there_is_no_traceback(hidden):
    status, told = doctor(hidden=hidden)
    assert status in (0, 1)
    assert told.splitlines()[-1].startswith("A run can")
    assert ("OK    run" in told) == (not {"yaml", "jsonschema"} & set(hidden))


def test_an_older_python_is_told_of(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 9, "final", 0))
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out == "Python 3.11 or later is needed, and this is 3.10.9\n"


# Room


def room(monkeypatch, folder: Path, free: float, **overlay) -> Finding:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: usage(2 * free, free, free))
    return only(disk.room(asked(folder, **overlay)))


@pytest.mark.parametrize("cleanup", [False, True])
def test_a_disk_that_is_too_small_is_found_to_the_byte(monkeypatch, tmp_path, cleanup):
    overlay = {"num_examples": 5000, "largest_job": 60, "cleanup": cleanup}
    work = work_of(asked(**overlay).config, usable_cores())
    needed = work.disk_cleaned if cleanup else work.disk
    assert work.disk_cleaned < work.disk
    assert room(monkeypatch, tmp_path, needed - 1, **overlay).level is Level.FAIL
    assert room(monkeypatch, tmp_path, needed + 1, **overlay).level is Level.WARN
    assert room(monkeypatch, tmp_path, 2 * needed, **overlay).level is Level.OK


def test_what_a_run_has_made_counts(monkeypatch, tmp_path):
    needed = work_of(asked().config, usable_cores()).disk
    (tmp_path / "results" / "examples").mkdir(parents=True)
    (tmp_path / "results" / "examples" / "record.jsonl").write_bytes(b"")
    os.truncate(tmp_path / "results" / "examples" / "record.jsonl", int(2 * needed))
    found = room(monkeypatch, tmp_path, 10)
    assert found.level is Level.OK
    assert "in results already" in found.said


def test_a_file_system_without_room_for_files_is_found(monkeypatch, tmp_path):
    full = os.statvfs_result((4096, 4096, 10**9, 10**9, 10**9, 1000, 3, 3, 0, 255))
    monkeypatch.setattr(disk.os, "statvfs", lambda _: full)
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: namedtuple("usage", "free")(10**15))
    levels = [finding.level for finding in disk.room(asked(tmp_path))]
    assert levels == [Level.OK, Level.FAIL]


@given(st.integers(1, 1_000_000), st.sampled_from([60, 960]))
@settings(max_examples=30)
def test_more_records_take_more(records, largest_job):
    few, many = (
        work_of(small_config({"num_examples": number, "largest_job": largest_job, "max_candidates": 10**7}), 2)
        for number in (records, 2 * records)
    )
    assert few.disk < many.disk
    assert few.disk_cleaned <= few.disk
    assert few.candidates >= records
    assert few.memory <= many.memory


def test_what_a_run_takes_is_what_was_measured_of_one():
    """Of 250 records of the default configuration: 203 MB in results/, 60 to 420 candidates in a job."""
    config = read_config(ROOT, [], 250)
    work = work_of(config, 2)
    assert 150e6 < work.disk < 300e6
    assert 0.05e9 < work.memory < 0.5e9


@pytest.mark.parametrize(("jobs", "level"), [(4, Level.OK), (2, Level.WARN), (0.5, Level.FAIL)])
def test_memory_decides_how_many_jobs_there_may_be(jobs, level):
    work = Work(candidates=1, ranges=9, largest_job=960, disk=0, disk_cleaned=0, files=0, memory=1e9)
    found = machine._enough_memory(SNAKEMAKE + jobs * 1e9, work, cores=4)
    assert found.level is level
    assert ("--cores 2" in found.advice) == (level is Level.WARN)


def test_a_limit_of_the_container_counts(monkeypatch, tmp_path):
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    monkeypatch.setattr(machine, "_LIMITS", tmp_path)
    assert machine.free_memory() == 2_000_000
    assert "--cores 1" in only(machine.processor(asked())).advice
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert machine.free_memory() > 2_000_000
    assert only(machine.processor(asked())).level is Level.OK


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write, root neither")
def test_a_folder_that_cannot_be_written_is_found():
    found = only(disk.folder(asked(Path("/proc/self"))))
    assert found.level is Level.FAIL
    assert "/proc/self: cannot be written" in found.said


@pytest.mark.parametrize("inside", ["", "more", "more/still"])
def test_a_file_in_the_place_of_a_folder_is_found(tmp_path, inside):
    (tmp_path / "file").touch()
    found = only(disk.folder(asked(tmp_path / "file" / inside)))
    assert found.level is Level.FAIL
    assert found.said == f"{tmp_path / 'file'}: a file, where a run needs a folder"


def test_a_file_system_without_locks_is_found_and_nothing_is_left(monkeypatch, tmp_path):
    def no_locks(_: int) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    assert "has locks" in only(disk.folder(asked(tmp_path))).said
    monkeypatch.setattr(running, "_take_whole", no_locks)
    found = only(disk.folder(asked(tmp_path / "results not there yet")))
    assert found.level is Level.WARN
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_none_is_found(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "cache"))
    assert only(disk.cache(asked())).level is Level.FAIL
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new" / "cache"))
    assert only(disk.cache(asked())).level is Level.OK


# What else there may be


def test_a_part_of_slurm_is_told_of(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert only(services.slurm(asked())).level is Level.OK
    (tmp_path / "sbatch").write_text("#!/bin/sh\n")
    (tmp_path / "sbatch").chmod(0o755)
    found = only(services.slurm(asked()))
    assert (found.level, found.said) == (Level.WARN, "no squeue, scancel here")


def test_a_gpu_that_is_asked_for_and_not_here_is_a_failure(monkeypatch):
    monkeypatch.setattr("subject_zoo.provenance.machine._has_gpu", lambda: False)
    found = only(machine.gpu(asked(device="cuda")))
    assert found.level is Level.FAIL
    assert "device is cuda" in found.said


@pytest.mark.parametrize(
    ("torch", "names", "words"),
    [
        (False, [], "a driver, and no package torch"),
        (True, [], "a driver, and none that torch"),
        (True, ["NVIDIA H100 80GB HBM3\x1b[31m"], r"NVIDIA H100 80GB HBM3\x1b[31m, torch"),
    ],
)
def test_gpus_are_told_of_where_a_driver_is(monkeypatch, torch, names, words):
    monkeypatch.setattr(machine, "may_need_torch", lambda device: True)
    monkeypatch.setattr(machine, "find_spec", lambda name: object() if torch else None)
    monkeypatch.setattr(machine, "gpu_names", lambda: names)
    found = only(machine.gpu(asked(device="auto")))
    assert words in found.said
    assert found.level is (Level.OK if names else Level.WARN)


def test_no_gpu_no_torch():
    code = "import sys; from subject_zoo.cli import main; main(['doctor']); sys.exit('torch' in sys.modules)"
    hidden = "import subject_zoo.provenance.machine as m; m._has_gpu_driver = lambda: False;"
    done = subprocess.run(
        [sys.executable, "-c", hidden + code],
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "networks are trained on the CPU" in done.stdout


def test_earlier_states_that_were_loaded_are_counted(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    ours = {"features": {"example_id": {}, "selected_patterns": {}, "prompt": {}}}
    for table, state, known in (
        ("dataset/default", "a1", ours),
        ("dataset/default", "b2", ours),
        ("dataset/modification", "a1", ours),
        ("else/default", "a1", {"features": {"text": {}}}),
        ("else/default", "b2", []),
    ):
        folder = tmp_path / table / "0.0.0" / state
        folder.mkdir(parents=True)
        (folder / "dataset_info.json").write_text(json.dumps(known))
    (tmp_path / "dataset/default/0.0.0/b2/dataset-train.arrow").write_bytes(bytes(3_000_000))
    found = only(services.datasets_cache(asked()))
    assert "3 MB in" in found.said
    assert "tables of Subject Zoo loaded: 3, 1 of an earlier state" in found.said
    assert found.advice == f"to make room, delete {tmp_path / 'dataset'}"


def test_another_encoding_is_told_of(monkeypatch):
    monkeypatch.setattr(services.locale, "getencoding", lambda: "ISO-8859-1")
    found = only(services.text(asked()))
    assert found.level is Level.WARN
    assert "ISO-8859-1" in found.said


def test_this_clone_is_found():
    assert find_clone() == ROOT


def test_a_reader_that_leaves_is_no_traceback():
    command = f"{sys.executable} -m subject_zoo doctor | true"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
