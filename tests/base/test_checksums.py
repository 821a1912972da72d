"""A file that is not the one that was made is one line that names it, whatever its format and whatever was done."""

import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.arrays import save_npz
from subject_zoo.base.checksums import check_files, checksum_path, keep_checksums
from subject_zoo.base.errors import UserError
from subject_zoo.base.files import write_json
from subject_zoo.dataset.pictures import draw_acceptance
from subject_zoo.evaluation.files import save_verdicts
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.files import save_range
from subject_zoo.networks.model import StoredModel
from subject_zoo.records.files import save_records

_ARCHITECTURE = Architecture(7, 5, 1, 4, "relu", 0.0, "one_hot", "float32")
_WEIGHTS = {name: np.ones(shape, np.float32) for name, shape in _ARCHITECTURE.tensor_shapes}
_VALIDITY = {
    "beside_the_target": None,
    "by_pattern": {"a": {"selected_in_candidates": 2, "selected_in_accepted": 1, "acceptance_as_selected": 0.5}},
    "funnel": {"acceptance": 0.5},
}
MADE = {
    "examples/000000-000007/dataset.npz": lambda path: save_npz(path, {"tokens": np.arange(9)}),
    "examples/000000-000007/degraded.safetensors": lambda path: save_range(
        path, {0: StoredModel(_ARCHITECTURE, _WEIGHTS, {}, {})}, {}
    ),
    "examples/000000-000007/validation.json": lambda path: save_verdicts(path, {0: {"example_id": 0}}, {}),
    "examples/000000-000007/record.jsonl": lambda path: save_records(path, [{"example_id": 0}]),
    "shards/000000.data.train.parquet": lambda path: pq.write_table(pa.table({"example_id": [1, 2]}), path),
    "plans/1.json": lambda path: write_json(path, {"windows": 4, "enough": True}),
    "figures/acceptance.png": lambda path: path.write_bytes(draw_acceptance(_VALIDITY)),
    "pools.npz": lambda path: save_npz(path, {}),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """A results folder with a file of each format, and their checksums. To be left as it is."""
    folder = tmp_path_factory.mktemp("project") / "results"
    for name, make in MADE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        make(folder / name)
    keep_checksums(folder / name for name in MADE)
    return folder


@pytest.mark.parametrize("name", MADE)
@given(data=st.data())
def test_any_flipped_bit_and_any_lost_end_is_one_line_that_names_the_file(results, name, data):
    path = results / name
    check_files([path])
    whole = path.read_bytes()
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    flipped = bytearray(whole)
    flipped[bit // 8] ^= 1 << bit % 8
    for damaged in (bytes(flipped), whole[: bit // 8]):
        path.write_bytes(damaged)
        try:
            with pytest.raises(UserError) as error:
                check_files([path])
        finally:
            path.write_bytes(whole)
        assert str(error.value).startswith(f"{path}: not as it was made")
        assert str(error.value).endswith("; delete it, and the next run makes it again")
        assert "\n" not in str(error.value)


@pytest.fixture
def spoilt(results, tmp_path) -> Path:
    return Path(shutil.copytree(results, tmp_path / "results"))


def test_a_whole_file_of_another_range_does_not_fit_and_nor_does_a_whole_folder(spoilt):
    other = spoilt / "examples" / "000008-000015"
    shutil.copytree(spoilt / "examples" / "000000-000007", other)
    with pytest.raises(UserError, match=r"000008-000015/dataset\.npz: no checksum says that this version made it"):
        check_files([other / "dataset.npz"])
    save_npz(other / "dataset.npz", {"tokens": np.arange(8)})
    keep_checksums([other / "dataset.npz"])
    check_files([other / "dataset.npz"])
    shutil.copy(spoilt / "examples" / "000000-000007" / "dataset.npz", other)
    with pytest.raises(UserError, match=r"000008-000015/dataset\.npz: not as it was made"):
        check_files([other / "dataset.npz"])


def test_what_is_lost_or_has_a_damaged_checksum_can_be_made_again(spoilt):
    plan = spoilt / "plans/1.json"
    checksum_path(plan).write_bytes(b"\xff")
    with pytest.raises(UserError, match="not as it was made"):
        check_files([plan])
    plan.unlink()
    with pytest.raises(UserError, match=r"plans/1\.json: cannot be read \(No such file or directory\)"):
        check_files([plan])
    write_json(plan, {"windows": 5, "enough": True})
    keep_checksums([plan])
    check_files([plan])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("results/pools.npz", "results/.checksums/pools.npz"),
        ("results/examples/000007/dataset.npz", "results/.checksums/examples/000007/dataset.npz"),
        ("zoo/results/plans/1.json", "zoo/results/.checksums/plans/1.json"),
        ("/home/results/a/results/plans/1.json", "/home/results/a/results/.checksums/plans/1.json"),
        ("renamed/plans/1.json", "renamed/.checksums/plans/1.json"),
    ],
)
def test_checksums_stand_in_the_folder_of_results_and_nowhere_else(path, expected):
    assert checksum_path(path) == Path(expected)


def test_a_projects_folder_can_be_moved(spoilt, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    spoilt.rename(tmp_path / "elsewhere" / "results")
    monkeypatch.chdir(tmp_path / "elsewhere")
    check_files(Path("results") / name for name in MADE)


@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize("spoil", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_told_and_not_waited_for(tmp_path, spoil, is_kept):
    path = tmp_path / "results/pools.npz"
    write_json(path, {})
    keep_checksums([path])
    spoilt = checksum_path(path) if is_kept else path
    spoilt.unlink()
    spoil(spoilt)
    with pytest.raises(UserError, match=f"{path}: .*delete it, and the next run makes it again"):
        check_files([path])
