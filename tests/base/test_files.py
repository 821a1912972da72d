"""Files are whole or absent, readable by others, and equal arrays give equal bytes."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from subject_zoo.base.arrays import load_npz, map_npz, npz_bytes, save_npz
from subject_zoo.base.files import atomic_copy, atomic_write, remove_unfinished

SCRIPTS = Path(__file__).parents[2] / "scripts"
DTYPES = (bool, np.uint8, np.uint16, np.int8, np.int32, np.int64, np.float32, np.float64, "<U7")


def test_a_write_makes_folders_and_replaces_what_was_there(tmp_path):
    path = tmp_path / "results" / "examples" / "000001" / "record.jsonl"
    atomic_write(path, b"old and long")
    atomic_write(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["record.jsonl"]


@pytest.mark.parametrize("call", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call, error):
    path = tmp_path / "file.bin"
    atomic_write(path, b"old")

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(type(error)):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.bin"]


def test_data_that_is_not_bytes_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.bin"
    atomic_write(path, b"old")
    with pytest.raises(TypeError):
        atomic_write(path, "text")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.bin"]


def test_a_killed_writer_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "file.bin"
    atomic_write(path, b"old")
    program = (
        "import os, signal, sys\n"
        "from subject_zoo.base.files import atomic_write\n"
        "os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)\n"
        "atomic_write(sys.argv[1], b'new' * 100000)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path], env={**os.environ, "PYTHONPATH": str(SCRIPTS)}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    left = [name for name in os.listdir(tmp_path) if name != "file.bin"]
    assert all(name.startswith(".") for name in left)  # no rule takes a hidden name for an output


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o002, 0o077])
def test_modes_are_what_open_would_give(tmp_path, umask):
    before = os.umask(umask)
    try:
        atomic_write(tmp_path / "ours", b"")
        (tmp_path / "plain").write_bytes(b"")
        assert os.umask(umask) == umask  # and the umask itself is left as it was
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "plain")]
    assert modes[0] == modes[1] == 0o666 & ~umask


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}(/[a-z_]{1,8})?", fullmatch=True).filter(
            lambda name: name not in ("file", "allow_pickle")  # numpy.savez's own parameters
        ),
        st.sampled_from(DTYPES).flatmap(
            lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
        ),
        max_size=4,
    )
)
def test_arrays_come_back_as_they_were(tmp_path_factory, arrays):
    path = tmp_path_factory.mktemp("npz") / "arrays.npz"
    for saved in (arrays, arrays.items(), {name: array.T for name, array in arrays.items()}):
        save_npz(path, saved)
        for loaded in (load_npz(path), map_npz(path)):
            assert list(loaded) == list(arrays)
            for name, array in dict(saved).items():
                np.testing.assert_array_equal(loaded[name], array, strict=True)


def test_a_mapped_file_is_not_written_to(tmp_path):
    save_npz(tmp_path / "a.npz", {"ids": np.arange(5)})
    mapped = map_npz(tmp_path / "a.npz")
    mapped["ids"][:] = 7
    assert load_npz(tmp_path / "a.npz")["ids"].tolist() == [0, 1, 2, 3, 4]
    (tmp_path / "a.npz").unlink()
    assert mapped["ids"].tolist() == [7] * 5


def test_npz_bytes_do_not_depend_on_time(tmp_path, monkeypatch):
    arrays = {"tokens": np.arange(12, dtype=np.uint8).reshape(3, 4), "names": np.array(["a", "bc"])}
    first = npz_bytes(arrays)
    later = time.time() + 400 * 24 * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(later))
    second = npz_bytes({name: array.copy() for name, array in arrays.items()})
    assert first == second
    save_npz(tmp_path / "a.npz", arrays)
    assert (tmp_path / "a.npz").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    "array",
    [np.array([{}, None]), np.array([1, "a"], dtype=object), np.zeros(2, [("a", "f4"), ("b", "O")])],
)
def test_arrays_of_objects_are_refused(tmp_path, array):
    with pytest.raises(ValueError, match="plans"):
        save_npz(tmp_path / "a.npz", {"good": np.zeros(2), "plans": array})
    assert os.listdir(tmp_path) == []


def test_a_pickle_inside_a_file_is_not_opened(tmp_path):
    np.savez(tmp_path / "a.npz", objects=np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="holds object"):
        load_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("clones", [False, True])
def test_a_copy_is_whole_and_shares_nothing_with_what_it_was_made_from(tmp_path, monkeypatch, clones):
    source, target = tmp_path / "source", tmp_path / "deep" / "target"
    source.write_bytes(bytes(range(256)) * 999)

    def clone(copy, _request, original):
        if not clones:
            raise OSError(errno.EOPNOTSUPP, "not here")
        copy.write(os.pread(original, 1 << 20, 0))

    monkeypatch.setattr("fcntl.ioctl", clone)
    for _ in range(2):
        atomic_copy(source, target)
        assert target.read_bytes() == source.read_bytes()
        with target.open("r+b") as file:
            file.write(b"edited")
        assert source.read_bytes() == bytes(range(256)) * 999
    assert list(target.parent.iterdir()) == [target]
    assert target.stat().st_mode == source.stat().st_mode


@pytest.mark.parametrize("linked", [False, True])
def test_what_killed_writers_left_goes_and_nothing_else(tmp_path, linked):
    results = tmp_path / "results"
    examples = results / "examples"
    results.mkdir()
    if linked:
        (tmp_path / "scratch").mkdir()
        examples.symlink_to(tmp_path / "scratch")
    program = (
        "import os, signal, sys\n"
        "from subject_zoo.base.files import atomic_write\n"
        "os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)\n"
        "atomic_write(sys.argv[1], b'new')\n"
    )
    for path in (examples / "000001" / "record.jsonl", results / "pools.npz", tmp_path / "beside"):
        subprocess.run(
            [sys.executable, "-c", program, path], env={**os.environ, "PYTHONPATH": str(SCRIPTS)}, check=False
        )
    atomic_write(examples / "000001" / "dataset.npz", b"whole")
    (results / ".mine.tmp").write_text("somebody's own")
    assert remove_unfinished(results, older_than=60) == 0
    assert remove_unfinished(results) == 2
    left = sorted(path.name for path in tmp_path.rglob("*") if path.is_file() and path.parent != tmp_path)
    assert sorted(set(left)) == [".mine.tmp", "dataset.npz"]
    assert len([name for name in os.listdir(tmp_path) if name.startswith(".beside.")]) == 1


def test_a_write_that_fails_names_the_file_and_not_its_temporary_one(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        atomic_write(tmp_path / "file.bin", b"new")
    assert caught.value.filename == str(tmp_path / "file.bin")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError) as caught:
        atomic_write(tmp_path / "file" / "deeper" / "x", b"")
    assert "unfinished" not in str(caught.value)
