"""A dataset as it is published while more of it is made: it says so, and is checked as what it is."""

from pathlib import Path

import pyarrow.parquet as pq

from subject_zoo.base.files import atomic_write
from subject_zoo.dataset.folder import describe_file, title_pages
from subject_zoo.dataset.layout import CARD, MANIFEST, SEQUENCE_FILES, shard_of
from tests.finished_dataset import found, hide, read_facts, write_manifest


def leave_first_shard(folder: Path) -> int:
    """Make the folder what a first commit holds; how many records that is."""
    facts = read_facts(folder)
    kept = [name for name in facts["files"] if shard_of(name) == "000000"]
    for name in {*facts["files"], CARD, MANIFEST} - {*kept, *SEQUENCE_FILES}:
        (folder / name).unlink()
    files = {name: describe_file(folder / name) for name in (*kept, *SEQUENCE_FILES)}
    digests = {key: facts[key] for key in ("code_sha256", "config_sha256")}
    for name, page in title_pages(files, facts["config"], digests, facts["environment"], None).items():
        atomic_write(folder / name, page)
    return sum(entry["rows"] for name, entry in files.items() if name.startswith("data/"))


def test_it_verifies_and_that_it_is_unfinished_is_told(folder):
    count = leave_first_shard(folder)
    told: list[str] = []
    assert found(folder, retrained=1, told=told) == []
    assert told[0] == f"unfinished: {count} of the 7 records that were asked for stand here"
    assert 0 < count < 7
    assert f"{count} records" in (folder / CARD).read_text()
    assert "Unfinished: 7 are asked for." in (folder / CARD).read_text()


def test_what_is_spoilt_in_it_is_found(folder):
    leave_first_shard(folder)
    name = next(name for name in read_facts(folder)["files"] if name.startswith("data/"))
    pq.write_table(pq.read_table(folder / name)[1:], folder / name)
    hide(folder)
    assert found(folder)


def test_a_finished_one_has_all_its_records(folder):
    count = leave_first_shard(folder)
    write_manifest(folder, read_facts(folder) | {"finished": True})
    assert [str(problem) for problem in found(folder)] == [
        f"{MANIFEST}: config.num_examples is 7, but its files add up to {count}"
    ]
