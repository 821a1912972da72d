"""Only a regular file of the folder itself is opened, and foreign text in a line is one line."""

import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.foreign import open_inside, read_inside, read_regular, walk_inside
from subject_zoo.base.lines import one_line, printable


@pytest.fixture
def folder(tmp_path):
    """A folder with a file in a folder, beside a secret."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "folder" / "inner" / "file").write_text("content")
    return tmp_path / "folder"


def test_a_file_of_the_folder_is_read(folder):
    assert read_inside(folder, "inner/file", 7) == b"content"
    (folder.parent / "link").symlink_to(folder)  # the folder itself is the person's own choice
    assert read_inside(folder.parent / "link", "inner/file", 7) == b"content"


@pytest.mark.parametrize(
    "name", ["../secret", "inner/../../secret", "/etc/passwd", "", ".", "a\0b", "inner", "inner/file/x", "no"]
)
def test_no_other_name_is_opened(folder, name):
    with pytest.raises(OSError, match=r".") as raised:
        open_inside(folder, name)
    assert raised.value.strerror


def test_no_link_on_the_way_is_followed(folder):
    (folder / "linked").symlink_to("inner")
    (folder / "inner" / "link").symlink_to("file")
    for name in ("linked/file", "inner/link"):
        with pytest.raises(OSError, match="it is a link"):
            open_inside(folder, name)


def test_more_than_the_largest_is_not_read(folder):
    with pytest.raises(OSError, match="it has 7 bytes; at most 6 are read"):
        read_inside(folder, "inner/file", 6)
    os.truncate(folder / "inner" / "file", 1 << 40)
    with pytest.raises(OSError, match="it has 1,099,511,627,776 bytes"):
        read_regular(folder / "inner" / "file", 1 << 30)


def test_all_that_is_no_folder_is_walked_however_deep_and_no_link_is_followed(folder):
    (folder / "out").symlink_to(folder.parent)
    os.mkfifo(folder / "pipe")
    here, deep = os.getcwd(), folder / "deep"
    deep.mkdir()
    os.chdir(deep)
    try:
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
        os.chdir(here)
        (deep / "d" / "file").touch()
        assert sorted(walk_inside(folder)) == ["deep/d/file", "inner/file", "out", "pipe"]
    finally:
        os.chdir(here)
        subprocess.run(["rm", "-r", deep], check=True)  # which neither Python nor pytest can


@given(st.text(), st.integers(1, 100))
def test_any_text_is_one_printable_line_of_bounded_length(text, longest):
    line = one_line(text, longest)
    assert line.isprintable()
    assert len(line) <= longest + 3
    assert printable(text).isprintable()


def test_what_can_be_printed_stays(folder):
    assert one_line("a  b\nc ä 中") == "a b c ä 中"
    assert one_line("x" * 201) == "x" * 200 + "..."
    assert one_line("x" * 200) == "x" * 200
    assert one_line("\x1b[31m\ud800") == r"\x1b[31m\ud800"
