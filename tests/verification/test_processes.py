"""Several processes say of a folder what one says, and one that is ended is told of."""

import os

import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.dataset.layout import weights_file
from subject_zoo.verification.shards import ShardChecker
from subject_zoo.verification.verify import verify
from tests.finished_dataset import parquet_files
from tests.record_tables import edit_rows


def said(folder, processes):
    told = []
    problems = [str(problem) for problem in verify(folder, told.append, 2, 0, processes=processes)]
    return problems, told


def shards_of(folder):
    return sorted({path.stem for path in folder.glob("data/*/*.parquet")})


def test_of_a_good_folder(finished):
    assert len(shards_of(finished)) > 1
    assert said(finished, 3) == said(finished, 1)
    assert said(finished, 3)[0] == []


def test_of_a_spoilt_folder_in_the_same_order(folder):
    """Every record says that it is of another target; one more stands twice, and a file of weights is empty."""
    for name in parquet_files(folder):
        edit_rows(folder / name, lambda rows: [row.update(target_pattern="zigzag") for row in rows])
    edit_rows(folder / parquet_files(folder)[0], lambda rows: rows.append(rows[0]))
    (folder / weights_file(shards_of(folder)[-1])).write_bytes(b"")
    problems, told = said(folder, 2)
    assert len({line.split(":")[0] for line in problems if "zigzag" in line}) > 1
    assert any("stands twice" in line for line in problems)
    assert (problems, told) == said(folder, 1)


def test_a_process_that_is_ended_is_one_line(finished, monkeypatch):
    monkeypatch.setattr(ShardChecker, "check", lambda *_: os._exit(1))
    with pytest.raises(UserError, match="was ended, maybe for want of memory; --processes 1 takes less"):
        said(finished, 2)
