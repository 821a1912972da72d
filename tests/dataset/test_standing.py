"""What stands in a dataset's folder: whose it is, how much is kept, and whether it is whole."""

import os
import shutil
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.files import atomic_copy, digest_of
from subject_zoo.dataset.folder import title_pages
from subject_zoo.dataset.layout import BENCHMARK_DATASET, CARD, MANIFEST, SIGNATURE_DATASET
from subject_zoo.dataset.standing import Standing, flaws, keep_only, standing_config, tell_jobs, told_by_run
from tests.conftest import small_config

EXAMPLES = 40
ASKED = small_config({"num_examples": EXAMPLES})
CONTENTS = {
    SIGNATURE_DATASET: b"{}",
    BENCHMARK_DATASET: b"[]",
    **{f"{table}/train/000000.parquet": table.encode() for table in ("data", "modification", "classification")},
    "data/test/000001.parquet": b"data too",
    "weights/000000.safetensors": b"weights",
    "signatures/000000.npz": b"signatures",
}
NAMES = [CARD, *CONTENTS]


def write_folder(folder: Path) -> Path:
    """A dataset folder as the pipeline leaves it, but for what is in its tables."""
    files = {}
    for name, data in CONTENTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        files[name] = {"sha256": digest_of(data), "size": len(data)}
        if name.endswith(".parquet"):
            files[name]["rows"] = EXAMPLES // 2
    described = {key: value for key, value in ASKED.items() if key not in ("publish", "shrink")}
    digests = {"code_sha256": "0" * 64, "config_sha256": "1" * 64}
    for name, page in title_pages(files, described, digests, {}, None).items():
        (folder / name).write_bytes(page)
    return folder


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_folder(tmp_path / "dataset")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Makes a folder for each of many examples."""
    base, number = tmp_path_factory.mktemp("many"), count()
    return lambda: write_folder(base / str(next(number)))


@given(st.integers(1, 100), st.booleans(), st.sampled_from([0, 1]))
def test_examples_are_lost_only_where_that_is_said(fresh_once, asked, shrink, seed):
    standing = Standing.found(fresh_once, small_config({"num_examples": asked, "shrink": shrink, "seed": seed}))
    same = seed == ASKED["seed"]
    assert standing.is_replaced is not same
    assert standing.num_examples == (max(asked, EXAMPLES) if same and not shrink else asked)
    said = " ".join(standing.first_words())
    assert (f"--config num_examples={asked} shrink=true" in said) is (standing.num_examples > asked)
    assert (f"{EXAMPLES} examples of another configuration" in said) is not same
    assert ("seed (0, now 1)" in said) is not same


def test_a_split_without_a_record_is_told_after_the_run(folder):
    """And not before it, nor of a folder that holds something else than was asked for."""
    standing = Standing.found(folder, ASKED)
    assert not list(standing.first_words())
    (line,) = standing.last_words()
    assert line.startswith(f"{folder}: no record is in the split validation: ")
    assert not list(Standing.found(folder, small_config({"seed": 9})).last_words())
    (folder / MANIFEST).unlink()
    assert not list(standing.last_words())


@pytest.fixture(scope="module")
def fresh_once(fresh) -> Path:
    return fresh()


@pytest.mark.parametrize("overlay", [{"cleanup": True}, {"publish": {"repo_id": "me/zoo"}}, {"splits": {"test": 0.3}}])
def test_what_plans_the_work_makes_no_other_configuration(folder, overlay):
    assert not Standing.found(folder, small_config(overlay)).is_replaced


@pytest.mark.parametrize("lost", [lambda path: path.unlink(), lambda path: path.write_bytes(b"{}")])
def test_without_a_manifest_the_card_tells_what_stood_there(folder, lost):
    lost(folder / MANIFEST)
    asked = small_config({"num_examples": 3})
    standing = Standing.found(folder, asked)
    assert (standing.num_examples, len(standing.flaws)) == (EXAMPLES, 1)
    (folder / CARD).unlink()
    assert standing_config(folder) is None
    empty = Standing.found(folder, asked)
    assert (empty.num_examples, list(empty.first_words()), empty.flaws) == (3, [], [])


@given(st.data())
def test_every_byte_of_a_manifest_counts(fresh_once, data):
    written = (fresh_once / MANIFEST).read_bytes()
    place = data.draw(st.integers(0, len(written) - 1))
    spoilt = bytearray(written)
    spoilt[place] ^= data.draw(st.integers(1, 255))
    (fresh_once / MANIFEST).write_bytes(spoilt)
    assert list(flaws(fresh_once)) == [f"{MANIFEST} is damaged"]
    (fresh_once / MANIFEST).write_bytes(written)


def edit_in_place(path: Path) -> None:
    with path.open("r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))


def edit_and_set_the_time_back(path: Path) -> None:
    before = path.stat()
    edit_in_place(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def put_a_link(path: Path) -> None:
    shutil.move(path, path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


SPOIL = {
    "is missing": [Path.unlink],
    "was changed": [edit_in_place, edit_and_set_the_time_back, lambda path: path.write_bytes(b""), put_a_link],
}


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from([(w, s) for w, all_ in SPOIL.items() for s in all_])))
def test_what_is_missing_or_damaged_is_named(fresh, spoilt):
    folder = fresh()
    for name, (_, spoil) in spoilt.items():
        spoil(folder / name)
    named = {flaw for flaw in flaws(folder) if not flaw.endswith("elsewhere is foreign")}
    assert named == {f"{name} {words}" for name, (words, _) in spoilt.items()}


def test_what_was_touched_and_is_the_same_is_no_flaw(folder):
    for name in NAMES:
        atomic_copy(folder / name, folder / name)
    assert list(flaws(folder)) == []


def test_foreign_files_are_those_among_the_tables(folder):
    (folder / "notes.txt").write_text("mine")
    assert list(flaws(folder)) == []
    foreign = ["data/test/000000.parquet", "weights/.000001.safetensors.x", "data/other/deep/file"]
    for name in foreign:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    (folder / "signatures/nowhere").symlink_to("nothing")
    assert sorted(flaws(folder)) == sorted(f"{name} is foreign" for name in [*foreign, "signatures/nowhere"])
    keep_only(folder, CONTENTS)
    assert list(flaws(folder)) == []
    assert not (folder / "data/other").exists()
    keep_only(folder, ())
    left = sorted(path.name for path in folder.rglob("*"))
    assert left == sorted([CARD, MANIFEST, SIGNATURE_DATASET, BENCHMARK_DATASET, "notes.txt"])


def test_jobs_are_told_for_each_folder(monkeypatch):
    monkeypatch.delenv("SUBJECT_ZOO_NUM_EXAMPLES", raising=False)
    for name, number in (("a/dataset", 3), ("b/dataset", 4), ("a/dataset", 5)):
        tell_jobs(Path(name), number)
    assert (told_by_run(Path("a/dataset")), told_by_run(Path("b/dataset"))) == (5, 4)
