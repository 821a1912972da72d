"""What the system says is put in a person's words, whatever it is hidden behind."""

import errno
import os

import pytest

from subject_zoo.base.errors import system_trouble
from subject_zoo.base.files import atomic_write


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full; make room"),
        (errno.EDQUOT, "the quota of disk space is used up; make room"),
        (errno.EROFS, "nothing can be written on that file system"),
        (errno.EACCES, "permission denied"),
        (errno.EISDIR, "a folder stands in a file's place; delete it"),
        (errno.ENOTDIR, "a file stands in a folder's place; delete it"),
        (errno.EMFILE, "too many open files"),
        (errno.EFBIG, "no file may be that large"),
    ],
)
def test_a_trouble_of_the_system_names_the_file_or_the_folder_of_work(number, words):
    assert system_trouble(OSError(number, os.strerror(number), "results/x")).startswith(f"results/x: {words}")
    assert system_trouble(OSError(number, os.strerror(number))).startswith(f"{os.getcwd()}: {words}")


def test_a_folder_in_the_place_of_a_file_is_named_when_the_file_is_written(tmp_path):
    (tmp_path / "place" / "inner").mkdir(parents=True)
    with pytest.raises(OSError, match=r".") as raised:
        atomic_write(tmp_path / "place", b"content")
    assert system_trouble(raised.value) == f"{tmp_path}/place: a folder stands in a file's place; delete it"


def test_a_trouble_is_found_behind_other_errors():
    outer, inner = ValueError("saving failed"), OSError(errno.ENOSPC, "full", "a")
    outer.__cause__ = inner
    assert system_trouble(outer) == "a: the disk is full; make room"
    assert "memory" in system_trouble(MemoryError())


@pytest.mark.parametrize("error", [None, ValueError("x"), FileNotFoundError(errno.ENOENT, "not there", "x")])
def test_other_errors_are_left_as_they_are(error):
    assert system_trouble(error) is None
