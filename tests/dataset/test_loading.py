"""What `datasets` loads of a folder is what stands there, whatever stood in one of that name before."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from subject_zoo.base.files import read_json
from subject_zoo.dataset.folder import describe_file, title_pages
from subject_zoo.dataset.layout import BENCHMARK_DATASET, MANIFEST, SIGNATURE_DATASET
from tests.finished_dataset import make_dataset, parquet_files, tiny_config

datasets = pytest.importorskip("datasets")
SIZES = {"examples_per_job": 6, "splits": {"validation": 0.25, "test": 0.25}}


@pytest.fixture
def load(tmp_path, monkeypatch):
    """`load_dataset` with one cache for all folders."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)

    def loaded(folder, name="default", split=None):
        rows = datasets.load_dataset(str(folder), name, split=split, cache_dir=str(tmp_path / "cache"))
        if split is not None:
            return rows["example_id"][:]
        return {part: rows[part]["example_id"][:] for part in rows}

    return loaded


def written(folder, table):
    """What stands in a table's files, by split."""
    found: dict[str, list[int]] = {}
    for path in sorted((folder / table).rglob("*.parquet")):
        found.setdefault(path.parent.name, []).extend(pq.read_table(path)["example_id"].to_pylist())
    return found


def write_title_pages(folder):
    """Card and manifest anew, as the pipeline writes them."""
    facts = read_json(folder / MANIFEST)
    tables = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.parquet"))]
    names = [*tables, SIGNATURE_DATASET, BENCHMARK_DATASET]
    files = {name: describe_file(folder / name) for name in names}
    digests = {key: facts[key] for key in ("code_sha256", "config_sha256")}
    for name, page in title_pages(files, facts["config"], digests, facts["environment"], None).items():
        (folder / name).write_bytes(page)


def test_rows_are_those_of_the_folder_as_it_stands(tmp_path, load):
    """Grown, shrunk, edited, of another seed, and of another folder of the same name."""
    states = []
    for place, overlay in enumerate(({"num_examples": 4}, {"num_examples": 7}, {"num_examples": 4, "seed": 3})):
        made = tmp_path / str(place) / "dataset"
        make_dataset(made, tiny_config(SIZES, overlay))
        states.append(made)
    standing = tmp_path / "standing" / "dataset"
    for state in (states[0], states[1], states[0], states[2]):
        shutil.rmtree(standing, ignore_errors=True)
        shutil.copytree(state, standing)
        for folder in (standing, state):
            for name, table in (("default", "data"), ("modification", "modification"), ("classification",) * 2):
                assert load(folder, name) == written(folder, table)

    name = next(name for name in parquet_files(standing) if name.startswith("data/train"))
    rows = pq.read_table(standing / name)
    edited = rows.set_column(0, "example_id", pa.array([i + 1000 for i in rows["example_id"].to_pylist()], pa.int64()))
    pq.write_table(edited, standing / name)
    write_title_pages(standing)
    train = written(standing, "data")["train"]
    assert max(train) >= 1000
    assert load(standing, split="train[:2]") == train[:2]
    assert load(standing)["train"] == train
