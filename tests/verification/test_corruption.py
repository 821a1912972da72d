"""A thousand random corruptions of each kind of file are all found, and no damage stops a reader."""

import random
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import DATA, STAGES
from subject_zoo.dataset.layout import MANIFEST
from subject_zoo.dataset.manifest import read_manifest
from subject_zoo.dataset.received import Received
from subject_zoo.verification.folder import check_facts, check_file, check_files
from subject_zoo.verification.problem import Problem
from subject_zoo.verification.reader import read_features, read_models, read_rows, written_schema
from tests.finished_dataset import found, longest_file, read_facts


def corrupted(data: bytes, choose: random.Random) -> bytes:
    """A flipped bit, another byte, bytes lost at the end or in the middle, or bytes too many."""
    place = choose.randrange(len(data))
    kind = choose.randrange(5)
    if kind == 0:
        return data[:place] + bytes([data[place] ^ 1 << choose.randrange(8)]) + data[place + 1 :]
    if kind == 1:
        return data[:place] + bytes([(data[place] + choose.randrange(1, 256)) % 256]) + data[place + 1 :]
    if kind == 2:
        return data[:place]
    if kind == 3:
        return data[:place] + data[place + choose.randrange(1, 9) :]
    return data[:place] + choose.randbytes(choose.randrange(1, 9)) + data[place:]


TABLES = (DATA, "modification", "classification")  # of the finished dataset
KINDS = (*TABLES, "weights", "signatures", "signature_dataset.json", "benchmark_dataset.json", "README.md")


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_corruptions_of_each_kind_of_file_are_found(finished, tmp_path, kind):
    files = read_facts(finished)["files"]
    name = next(name for name in files if name.startswith(kind))
    data, choose = (finished / name).read_bytes(), random.Random(kind)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    for _ in range(1000):
        (tmp_path / name).write_bytes(corrupted(data, choose))
        (problem,) = check_file(Received(tmp_path), name, files[name])
        assert problem.file == name
    (tmp_path / name).write_bytes(data)
    assert list(check_file(Received(tmp_path), name, files[name])) == []


def read_or_none(folder: Path) -> dict[str, Any] | None:
    """The manifest, or None where it is refused."""
    try:
        return read_manifest(folder)
    except UserError:
        return None


def test_a_thousand_corruptions_of_the_manifest_are_found(folder):
    data, choose = (folder / MANIFEST).read_bytes(), random.Random(0)
    for _ in range(1000):
        (folder / MANIFEST).write_bytes(corrupted(data, choose))
        manifest = read_or_none(folder)
        if manifest is None:
            continue
        if any(check_facts(Received(folder), manifest)) or any(check_files(Received(folder), manifest["files"])):
            continue
        raise AssertionError(f"not found: {(folder / MANIFEST).read_bytes()!r}")


@pytest.mark.parametrize("kind", KINDS[:5])
def test_damaged_files_never_stop_a_reader(finished, tmp_path, kind):
    facts = read_facts(finished)
    name = next(name for name in facts["files"] if name.startswith(kind))
    features = tuple(np.load(next(finished.glob("signatures/*")))["feature_names"].tolist())
    schema = written_schema(kind, facts["config"]["task_generation"]) if kind in TABLES else None
    data, choose = (finished / name).read_bytes(), random.Random(1)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    read = {
        **dict.fromkeys(
            TABLES, lambda: [part for part in read_rows(Received(tmp_path), name, schema) if isinstance(part, Problem)]
        ),
        "weights": lambda: read_models(Received(tmp_path), name),
        "signatures": lambda: read_features(Received(tmp_path), name, STAGES, features),
    }[kind]
    stopped = 0
    for _ in range(200):
        (tmp_path / name).write_bytes(corrupted(data, choose))
        outcome = read()
        problems = outcome if isinstance(outcome, list) else [outcome] if isinstance(outcome, Problem) else []
        for problem in problems:
            assert problem.file == name
            assert "\n" not in str(problem)
            assert str(tmp_path) not in str(problem)
        stopped += bool(problems)
    assert stopped > 60


def test_bytes_lost_inside_a_column_are_named_by_row(folder):
    name = longest_file(folder)
    data = (folder / name).read_bytes()
    frames = [match.start() for match in re.finditer(re.escape(b"\x28\xb5\x2f\xfd"), data)]
    place = max(pairwise(frames), key=lambda pair: pair[1] - pair[0])[0]  # the zstd frame of the longest column
    (folder / name).write_bytes(data[: place + 40] + bytes(40) + data[place + 80 :])
    problems = found(folder)
    assert "content was changed" in problems[0].what
    assert any(p.row == 0 and re.search(r"column \w+ cannot be read", p.what) for p in problems)
    assert {p.file for p in problems} == {name}
