"""Exactly as many records as asked, and the same ones, however the work is cut, ordered or interrupted."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from subject_zoo.base.checksums import keep_checksums
from tests.finished_dataset import found, hide
from tests.pipeline import ROOT, SMALL, snakemake, succeed
from tests.record_tables import records_of

pytestmark = pytest.mark.workflow
WANTED = 9
VERIFICATION = "results/verification.txt"


def build(folder: Path, *config: str, cores: int = 2, wanted: int = WANTED) -> str:
    return succeed(snakemake(folder, "--config", f"num_examples={wanted}", *config, cores=cores))


def rows_of(folder: Path) -> list[dict]:
    """All records of a dataset folder, of all splits, with the split, in id order."""
    rows = []
    dataset = folder / "results" / "dataset"
    for path in (dataset / "data").rglob("*.parquet"):
        name = path.relative_to(dataset).as_posix()
        rows += [record | {"split": path.parent.name} for record in records_of(dataset, name)]
    return sorted(rows, key=lambda row: row["example_id"])


def accepted_in(folder: Path) -> list[int]:
    verdicts = []
    for path in sorted((folder / "results" / "verdicts").glob("*.json")):
        verdicts += json.loads(path.read_text())["examples"]
    return [verdict["example_id"] for verdict in verdicts if verdict["accepted"]]


def digests(folder: Path) -> dict[str, str]:
    dataset = folder / "results" / "dataset"
    files = (path for path in dataset.rglob("*") if path.is_file())
    return {str(path.relative_to(dataset)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def flip_a_bit(path: Path, place: int = -1) -> None:
    """In place, as an editor or rsync --inplace would: that of the last byte, or of another one."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    with path.open("r+b") as file:
        file.write(data)


def last_byte_of_weights(path: Path) -> int:
    """Where it stands in a safetensors file: learning curves come after it."""
    length = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + length])
    return (
        8 + length + max(header[name]["data_offsets"][1] for name in header if name.endswith((".weight", ".bias"))) - 1
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    build(folder)
    return folder


def test_the_dataset_is_the_first_accepted_candidates_in_id_order(built):
    rows = rows_of(built)
    assert [row["example_id"] for row in rows] == accepted_in(built)[:WANTED]
    manifest = json.loads((built / "results/dataset/manifest.json").read_text())
    assert manifest["num_examples"] == WANTED == sum(manifest["rows"].values())


@pytest.mark.parametrize(
    ("config", "cores"),
    [
        (["examples_per_job=5", "ranges_per_shard=1", "expected_acceptance=0.9"], 1),
        (["examples_per_job=16", "ranges_per_shard=2", "expected_acceptance=0.2"], 2),
    ],
)
def test_ranges_windows_plans_and_cores_do_not_matter(built, tmp_path, config, cores):
    output = build(tmp_path, *config, cores=cores)
    assert rows_of(tmp_path) == rows_of(built)
    assert output.count("DAG of jobs will be updated") <= 6


def test_two_builds_give_equal_bytes_even_when_one_is_killed(built, tmp_path):
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", tmp_path]
    command += ["--cores", "2", "--config", f"num_examples={WANTED}", "--configfile", SMALL]
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("results/examples/*/improved.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "results/dataset/manifest.json").exists()
    build(tmp_path)
    assert digests(tmp_path) == digests(built)


def test_asking_for_more_computes_what_is_missing_and_keeps_the_rest(tmp_path):
    """Of classification alone: nothing of it has to do with what a record holds."""
    alone = "task_generation={'include_modification': False}"
    build(tmp_path, alone, wanted=3)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("results/examples/*/*")}
    assert len(before) > 6
    assert len(rows_of(tmp_path)) == 3
    build(tmp_path, alone)
    assert all(path.stat().st_mtime_ns == made for path, made in before.items())
    assert [row["example_id"] for row in rows_of(tmp_path)] == accepted_in(tmp_path)[:WANTED]
    assert found(tmp_path / "results/dataset") == []
    validity = json.loads((tmp_path / "results/dataset/validity.json").read_text())
    assert (list(validity["funnel"]["fail_gate"]), validity["beside_the_target"]) == (["competence", "claim"], None)


def test_the_dataset_is_verified_by_a_rule(built, tmp_path, monkeypatch):
    shutil.copytree(built, tmp_path / "project")
    verify = lambda: snakemake(tmp_path / "project", VERIFICATION, "--config", f"num_examples={WANTED}")  # noqa: E731
    succeed(verify())
    assert (tmp_path / "project" / VERIFICATION).read_text().strip().endswith("no problem")
    (tmp_path / "project" / VERIFICATION).unlink()
    dataset = tmp_path / "project/results/dataset"
    weights = dataset / "weights/000000.safetensors"
    flip_a_bit(weights, last_byte_of_weights(weights))
    hide(dataset)  # or it would be put together again, and be right
    run = verify()
    assert "results/dataset/manifest.json: not as it was made" in run.stderr
    monkeypatch.chdir(tmp_path / "project")
    keep_checksums(["results/dataset/manifest.json"])
    run = verify()
    assert run.returncode != 0
    assert "data/train/000000.parquet, row 4" in run.stderr
    assert "the weights give" in run.stderr
    assert not (tmp_path / "project" / VERIFICATION).exists()


def test_cleanup_leaves_no_ranges_and_partial_targets_still_work(built, tmp_path):
    build(tmp_path, "cleanup=true")
    assert rows_of(tmp_path) == rows_of(built)
    assert not [path for path in tmp_path.glob("results/examples/*/*") if path.is_file()]
    target = "results/examples/000003/validation.json"
    succeed(snakemake(tmp_path, target, "--config", "cleanup=true"))
    verdict = json.loads((tmp_path / target).read_text())["examples"][0]
    assert verdict["example_id"] == 3


def test_too_few_accepted_says_why_and_what_to_turn(tmp_path):
    run = snakemake(tmp_path, "--config", "num_examples=16", "max_candidates=16", cores=2)
    assert run.returncode != 0
    (line,) = [line for line in run.stderr.splitlines() if line.startswith("plan_windows: max_candidates: 16")]
    assert "of the 16 accepted examples wanted" in line
    assert "claim" in line
    assert "raise max_candidates" in line
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "results/dataset").exists()


def spoilt_copy(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "spoilt"))


def flip_bit(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def change_digit(path: Path, key: str) -> None:
    """Another first decimal of the number behind the key's first mention."""
    text = path.read_text()
    place = text.index(".", text.index(key)) + 1
    path.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :])


def test_damaged_and_exchanged_files_of_ranges_are_one_line_each_and_made_again(built, tmp_path):
    """Each in a range of its own: before training, between its stages, and after it."""
    folder = spoilt_copy(built, tmp_path)
    zeroth, first, second, third = sorted((folder / "results/examples").iterdir())[:4]
    damaged = {
        "train_degraded": first / "dataset.npz",
        "train_improved": second / "degraded.safetensors",
        "extract_signatures": third / "validation.json",
    }
    shutil.copyfile(zeroth / "dataset.npz", damaged["train_degraded"])
    flip_bit(damaged["train_improved"], -1)
    change_digit(damaged["extract_signatures"], "accuracy")
    targets = [f"results/examples/{path.parent.name}/record.jsonl" for path in damaged.values()]
    run = snakemake(folder, *targets, "--keep-going", "--config", f"num_examples={WANTED}")
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    for rule, path in damaged.items():
        (line,) = [line for line in run.stderr.splitlines() if line.startswith(f"{rule}: ")]
        assert line.startswith(f"{rule}: {path.relative_to(folder)}: not as it was made")
        assert line.endswith("; delete it, and the next run makes it again")
        path.unlink()
    build(folder)
    assert digests(folder) == digests(built)


def test_an_edited_plan_is_one_line_while_the_jobs_are_found(built, tmp_path):
    folder = spoilt_copy(built, tmp_path)
    (folder / "results/plans/1.json").write_text('{"windows": 1, "enough": true}')
    run = snakemake(folder, "--config", f"num_examples={WANTED}")
    assert run.returncode != 0
    assert run.stderr.splitlines()[-1].startswith("results/plans/1.json: not as it was made")
    assert "Traceback" not in run.stderr
    (folder / "results/plans/1.json").unlink()
    build(folder)
    assert digests(folder) == digests(built)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("examples/000000-000007/record.jsonl", lambda path: change_digit(path, "degraded_model_weights")),
        ("validity.json", lambda path: change_digit(path, "median")),
        ("figures/accuracy.png", lambda path: path.write_bytes(b"")),
        ("shards/000000.data.train.parquet", lambda path: flip_bit(path, 100)),
    ],
)
def test_what_the_dataset_is_put_together_of_is_whole(built, tmp_path, name, damage):
    folder = spoilt_copy(built, tmp_path)
    damage(folder / "results" / name)
    run = snakemake(folder, "--config", f"num_examples={WANTED}")
    assert run.returncode != 0
    assert f": results/{name}: not as it was made" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.fixture
def project(built, tmp_path) -> Path:
    """A copy of the folder of `built`, to change."""
    return Path(shutil.copytree(built, tmp_path / "project"))


def test_a_standing_dataset_is_made_smaller_only_where_that_is_said(built, project):
    (project / "results/dataset/manifest.json").unlink()  # as an interruption leaves it
    printed = succeed(snakemake(project, VERIFICATION, "--config", "num_examples=3"))
    kept, mended, *_ = [line for line in printed.splitlines() if line.startswith("results/dataset: ")]
    assert "all 9 examples" in kept
    assert "--config num_examples=3 shrink=true" in kept
    assert mended == "results/dataset: manifest.json is missing; the folder is put together again"
    assert "9 records" in (project / VERIFICATION).read_text()
    assert digests(project) == digests(built)
    build(project, "shrink=true", wanted=3)
    assert [row["example_id"] for row in rows_of(project)] == accepted_in(built)[:3]
    assert found(project / "results/dataset") == []
    assert "Nothing to be done" in build(project, wanted=2)


def test_a_run_for_more_that_ended_while_it_planned_is_gone_on_with(project):
    tally = project / "results/tallies/000001.json"  # the last of the first plan
    whole, times = tally.read_bytes(), tally.stat()
    for spoilt in (b"", whole):
        tally.write_bytes(spoilt)
        os.utime(tally, ns=(times.st_atime_ns, times.st_mtime_ns))
        run = snakemake(project, "--config", f"num_examples={WANTED + 1}")
        assert ("failed: plan_windows, round 1: results/tallies/000001.json: not as it was" in run.stderr) == (
            not spoilt
        )
        assert run.returncode == (0 if spoilt else 1)
    assert len(rows_of(project)) == WANTED + 1


def test_another_configuration_takes_the_folder_and_says_so(project):
    other = "format={max_prompt_chars: 1000000}"
    said = [line for line in build(project, other, wanted=2).splitlines() if line.startswith("results/dataset: ")]
    assert said[:2] == [
        "results/dataset: 9 examples of another configuration stand there, and will be replaced; "
        "what differs: format.max_prompt_chars (None, now 1000000)",
        "results/dataset: 9 examples of another configuration were replaced by 2 of this one",
    ]
    empty = [
        split for split in ("train", "validation", "test") if not (project / "results/dataset/data" / split).exists()
    ]
    assert [line.partition(": each")[0] for line in said[2:]] == [
        f"results/dataset: no record is in the split {split}" for split in empty
    ]
    assert empty
    assert len(rows_of(project)) == 2


def test_the_same_command_restores_what_is_missing_damaged_or_foreign(built, project):
    dataset, shards = project / "results/dataset", project / "results/shards"
    made_from = {path: path.read_bytes() for path in shards.iterdir()}
    for path in [*dataset.glob("weights/*"), dataset / "README.md", next(dataset.glob("figures/*"))]:
        flip_a_bit(path)
    assert {path: path.read_bytes() for path in shards.iterdir()} == made_from
    next(dataset.glob("data/train/*")).unlink()
    (dataset / "benchmark_dataset.json").unlink()
    (dataset / "data/train/999999.parquet").write_bytes(b"foreign")
    (dataset / "notes.txt").write_text("mine")
    spoilt = digests(project)
    plan = succeed(snakemake(project, "--dry-run", "--config", f"num_examples={WANTED}"))
    assert "assemble_dataset" in plan
    assert "results/dataset: README.md was changed (and 7 more); the folder is put together again" in plan
    assert digests(project) == spoilt
    (dataset / "signature_dataset.json").unlink()
    (dataset / "signature_dataset.json").symlink_to("nowhere")
    build(project)
    whole = digests(project)
    assert whole.pop("notes.txt")
    assert whole == digests(built)
    assert "Nothing to be done" in build(project)
    succeed(snakemake(project, "--delete-all-output", "--config", f"num_examples={WANTED}"))
    assert set(digests(project)) == {"notes.txt"}
