"""A pinned file is held against its digest, and so is the person's file behind it; another source replaces it."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import digest_of
from subject_zoo.provenance.pins import check_unchanged, digest_path, pin

DRAWN, MINE, OTHER = b"drawn", b"mine", b"another"


def project(folder: Path, data: bytes, source: str | None) -> Path:
    """A folder with a pinned file that was made from a source."""
    path = folder / "signature_dataset.json"
    path.write_bytes(data)
    digest_path(path).write_bytes(pin(data, source))
    return path


def told(path: Path, source: Path | None) -> str | None:
    return check_unchanged(path, None if source is None else str(source))


def test_before_anything_is_pinned_the_source_must_be_readable(tmp_path):
    path, mine = tmp_path / "signature_dataset.json", tmp_path / "mine.json"
    assert told(path, None) is None
    with pytest.raises(UserError, match=f"signature.dataset_path: {mine} cannot be read"):
        told(path, mine)
    mine.write_bytes(MINE)
    assert told(path, mine) is None
    with pytest.raises(UserError, match="it is a folder"):
        told(path, tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="it is a pipe"):
        told(path, tmp_path / "pipe")


def test_a_changed_file_is_an_error_and_another_source_replaces(tmp_path):
    mine, other = tmp_path / "mine.json", tmp_path / "other.json"
    mine.write_bytes(MINE)
    other.write_bytes(OTHER)
    drawn = project(tmp_path, DRAWN, None)
    assert told(drawn, None) is None
    line = told(drawn, mine)
    assert line.startswith(
        f"signature.dataset_path is {mine} now: probes are those of {mine}, no longer those that this"
    )
    assert len(line.splitlines()) == 1

    path = project(tmp_path, MINE, str(mine))
    assert told(path, mine) is None
    assert f"probes are those of {other}, no longer those of {mine}" in told(path, other)
    assert f"is null now: probes are drawn anew, no longer those of {mine}" in told(path, None)
    mine.write_bytes(OTHER)
    for spelling in (str(mine), f"{mine.parent}/./{mine.name}"):
        with pytest.raises(UserError, match=f"mine.json has changed .*{digest_of(OTHER)}, and was {digest_of(MINE)}"):
            check_unchanged(path, spelling)
    mine.write_bytes(MINE)
    other.write_bytes(MINE)
    assert told(path, other) is None  # the same probes, elsewhere

    for source in (None, mine, other):
        path.write_bytes(DRAWN)
        with pytest.raises(UserError, match=r"signature_dataset\.json has changed under this project"):
            told(path, source)


@given(
    st.binary(), st.none() | st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1)
)
def test_a_pin_is_one_line_that_begins_with_the_digest(data, source):
    line = pin(data, source).decode()
    assert line.endswith("\n")
    assert line.split()[0] == digest_of(data)


@pytest.mark.parametrize("name", ["signature_dataset.json", "signature_dataset.json.sha256"])
@pytest.mark.parametrize("spoil", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_in_the_place_of_one_is_told(tmp_path, name, spoil):
    path = project(tmp_path, DRAWN, None)
    (tmp_path / name).unlink()
    spoil(tmp_path / name)
    with pytest.raises(UserError, match="cannot be read"):
        told(path, None)


def test_a_digest_that_is_no_text_is_a_change(tmp_path):
    path = project(tmp_path, DRAWN, None)
    digest_path(path).write_bytes(b"\xe6\xff")
    with pytest.raises(UserError, match="has changed under this project"):
        told(path, None)
