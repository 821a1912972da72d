"""Whatever happens to files, shards, manifest or weights of a dataset folder is found; other machines are judged
by figures; the command tells it all and exits as it should."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import DATA, SPLITS
from subject_zoo.dataset.layout import MANIFEST
from subject_zoo.networks.files import load_models
from tests.finished_dataset import (
    SCRIPTS,
    edit_arrays,
    edit_models,
    first,
    found,
    hide,
    longest_file,
    parquet_files,
    read_facts,
    read_table_rows,
    write_manifest,
)
from tests.record_tables import edit_rows

TABLES = (DATA, "modification", "classification")  # of the finished dataset


def lose_row(folder: Path) -> None:
    edit_rows(folder / longest_file(folder), lambda rows: rows.pop(0))


def repeat_row(folder: Path) -> None:
    edit_rows(folder / longest_file(folder), lambda rows: rows.insert(1, rows[0]))


def swap_rows(folder: Path) -> None:
    edit_rows(folder / longest_file(folder), lambda rows: rows.reverse())


def swap_ids(folder: Path) -> None:
    def swap(rows: list[dict[str, Any]]) -> None:
        rows[0]["example_id"], rows[1]["example_id"] = rows[1]["example_id"], rows[0]["example_id"]

    edit_rows(folder / longest_file(folder), swap)


def move_to_another_split(folder: Path) -> None:
    shard = Path(longest_file(folder)).name
    right = Path(longest_file(folder)).parent.name
    wrong = next(split for split in SPLITS if split != right)
    for table in TABLES:
        (folder / table / wrong).mkdir(exist_ok=True)
        there, elsewhere = folder / table / right / shard, folder / table / wrong / shard
        there.rename(aside := folder / table / "aside")
        if elsewhere.exists():  # the two change places
            elsewhere.rename(there)
        aside.rename(elsewhere)


def lose_task_row(folder: Path) -> None:
    edit_rows(folder / longest_file(folder).replace("data", "modification", 1), lambda rows: rows.pop())


def swap_task_rows(folder: Path) -> None:
    edit_rows(folder / longest_file(folder).replace("data", "classification", 1), lambda rows: rows.reverse())


def lose_task_file(folder: Path) -> None:
    (folder / longest_file(folder).replace("data", "modification", 1)).unlink()


def other_columns(folder: Path) -> None:
    path = folder / longest_file(folder).replace("data", "classification", 1)
    pq.write_table(pq.read_table(path).rename_columns({"prompt": "text"}), path)


def move_to_another_shard(folder: Path) -> None:
    names = sorted({Path(name).stem for name in parquet_files(folder)})
    for path in list(folder.rglob(f"{names[-1]}.*")):
        path.rename(path.with_stem("000009"))


def foreign_id(folder: Path) -> None:
    edit_rows(folder / longest_file(folder), lambda rows: rows[0].update(example_id=-7))


def no_id(folder: Path) -> None:
    edit_rows(folder / longest_file(folder), lambda rows: rows[0].update(example_id=None))


def reorder_models(folder: Path) -> None:
    def turn(models: dict[str, Any]) -> None:
        turned = dict(reversed(models.items()))
        models.clear()
        models.update(turned)

    edit_models(first(folder, "weights"), turn)


def lose_model(folder: Path) -> None:
    edit_models(first(folder, "weights"), lambda models: models.pop(next(iter(models))))


def extra_model(folder: Path) -> None:
    extra = "000099/improved"
    edit_models(first(folder, "weights"), lambda models: models.update({extra: next(iter(models.values()))}))


def change_weight(folder: Path) -> None:
    def change(models: dict[str, Any]) -> None:
        next(iter(models.values())).weights["network.0.weight"][0, 0] += np.float32(1e-4)

    edit_models(first(folder, "weights"), change)


def not_finite(folder: Path) -> None:
    def change(models: dict[str, Any]) -> None:
        next(iter(models.values())).weights["network.0.bias"][0] = np.nan

    edit_models(first(folder, "weights"), change)


def overflowing(folder: Path) -> None:
    def change(models: dict[str, Any]) -> None:
        weights = next(iter(models.values())).weights
        weights |= {name: array * np.float32(1e30) for name, array in weights.items()}

    edit_models(first(folder, "weights"), change)


def change_signature(folder: Path) -> None:
    edit_arrays(first(folder, "signatures"), lambda arrays: arrays["improved"].__setitem__((0, 0), 0.5))


def lose_signature(folder: Path) -> None:
    def lose(arrays: dict[str, Any]) -> None:
        arrays["example_ids"], arrays["offsets"] = arrays["example_ids"][:-1], arrays["offsets"][:-1]

    edit_arrays(first(folder, "signatures"), lose)


def double_signature(folder: Path) -> None:
    path = first(folder, "signatures")
    edit_arrays(path, lambda arrays: arrays.update(improved=arrays["improved"].astype(np.float64)))


def flat_signature(folder: Path) -> None:
    edit_arrays(first(folder, "signatures"), lambda arrays: arrays.update(improved=arrays["improved"][:, 0]))


def narrow_signature(folder: Path) -> None:
    edit_arrays(first(folder, "signatures"), lambda arrays: arrays.update(improved=arrays["improved"][:, 1:]))


def name_signatures(folder: Path) -> None:
    edit_arrays(
        first(folder, "signatures"), lambda arrays: arrays.update(example_ids=arrays["example_ids"].astype(str))
    )


def rename_feature(folder: Path) -> None:
    edit_arrays(first(folder, "signatures"), lambda arrays: arrays["feature_names"].__setitem__(0, "men"))


def change_probe(folder: Path) -> None:
    change_json(folder / "signature_dataset.json")


def change_benchmark(folder: Path) -> None:
    change_json(folder / "benchmark_dataset.json")


def change_json(path: Path) -> None:
    dataset = json.loads(path.read_bytes())
    dataset["examples"][0]["sequence"] = dataset["examples"][0]["sequence"][::-1].translate({65: 66})
    path.write_text(json.dumps(dataset, indent=1))


def no_probes(folder: Path) -> None:
    (folder / "signature_dataset.json").write_text("{}")


def lose_weights_file(folder: Path) -> None:
    first(folder, "weights").unlink()


def change_card(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    (folder / "README.md").write_text(text.replace("corruption_rate: 0.", "corruption_rate: 0.1"))


# (what is done, the kind of file that is named, words of a problem); the manifest is written anew to hide it.
HIDDEN: list[tuple[Callable[[Path], None], str, str]] = [
    (lose_row, "weights", "has a row|has no row"),
    (lose_row, MANIFEST, "config.num_examples"),
    (repeat_row, "data", "stands twice"),
    (swap_rows, "data", "stands after example"),
    (swap_ids, "data", "stands after example"),
    (swap_ids, "modification", "of another example"),
    (lose_task_row, "modification", "rows; data/"),
    (lose_task_row, MANIFEST, "in modification"),
    (swap_task_rows, "classification", "of another example"),
    (lose_task_file, "modification", "cannot be read"),
    (other_columns, "classification", "has another schema"),
    (move_to_another_split, "data", "belongs in the split"),
    (move_to_another_shard, "data", "is out of place"),
    (foreign_id, "data", "is out of place"),
    (no_id, "data", "is out of place"),
    (reorder_models, "weights", "not in the order"),
    (lose_model, "weights", "does not hold"),
    (extra_model, "weights", "holds 000099/improved"),
    (change_weight, "data", "degraded_model_weights"),
    (change_weight, "modification", "modification_prompt"),
    (not_finite, "data", "NaN"),
    (overflowing, "data", "no signature"),
    (change_signature, "data", "signature's .* of neuron 0"),
    (lose_signature, "signatures", "does not hold"),
    (double_signature, "signatures", "float64"),
    (flat_signature, "signatures", "instead of"),
    (narrow_signature, "signatures", "columns instead of"),
    (name_signatures, "signatures", "instead of"),
    (rename_feature, "signatures", "features"),
    (change_probe, "signature_dataset.json", "not what configuration and seed draw"),
    (change_benchmark, "benchmark_dataset.json", "not what configuration and seed draw"),
    (no_probes, "signature_dataset.json", "cannot be used"),
    (lose_weights_file, MANIFEST, "lists no weights/"),
    (lose_weights_file, "weights", "cannot be read"),
    (change_card, "README.md", "does not show the configuration"),
]


@pytest.mark.parametrize(("spoil", "kind", "words"), HIDDEN, ids=lambda value: getattr(value, "__name__", None))
def test_what_a_new_manifest_hides_is_found(folder, spoil, kind, words):
    spoil(folder)
    hide(folder)
    assert any(p.file.startswith(kind) and re.search(words, p.what) for p in found(folder))


def extra_parquet(folder: Path) -> str:
    shutil.copy(folder / longest_file(folder), folder / "more.parquet")
    return "more.parquet"


def extra_file(folder: Path) -> str:
    (folder / "weights" / "notes.txt").write_text("")
    return "weights/notes.txt"


def missing_file(folder: Path) -> str:
    name = longest_file(folder)
    (folder / name).unlink()
    return name


@pytest.mark.parametrize("spoil", [extra_parquet, extra_file, missing_file])
def test_files_too_many_or_too_few_are_named(folder, spoil):
    name = spoil(folder)
    assert name in {problem.file for problem in found(folder)}


def test_files_beside_the_dataset_are_fine(folder):
    (folder / ".gitattributes").write_text("*.parquet filter=lfs\n")
    (folder / ".cache" / "huggingface").mkdir(parents=True)
    (folder / ".cache" / "huggingface" / "train.parquet.metadata").write_text("")
    assert found(folder) == []


MALFORMED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "seed": lambda m: m.pop("seed"),
    "'3'": lambda m: m.update(num_examples="3"),
    "True": lambda m: m.update(num_examples=True),
    "rows.train": lambda m: m["rows"].update(train=-1),
    "environment": lambda m: m.update(environment=[]),
    "files.README.md.sha256": lambda m: m["files"]["README.md"].update(sha256="ab"),
    "files.README.md": lambda m: m["files"]["README.md"].pop("size"),
    "../secret": lambda m: m["files"].update({"../secret": m["files"]["README.md"]}),
    "benchmark_dataset.json": lambda m: m["files"].pop("benchmark_dataset.json"),
    "training.batch_size": lambda m: m["config"]["training"].update(batch_size=0),
    "model is missing": lambda m: m["config"].pop("model"),
    "other types": lambda m: m["config"].update(seed="0"),
}


@pytest.mark.parametrize("words", MALFORMED)
def test_a_malformed_manifest_is_one_clear_line(folder, words):
    manifest = read_facts(folder)
    MALFORMED[words](manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    with pytest.raises(UserError, match=re.escape(words)) as raised:
        found(folder)
    assert MANIFEST in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"[" * 100_000, b"\xff\xfe", b"null"])
def test_a_manifest_that_is_none_is_one_clear_line(tmp_path, data):
    with pytest.raises(UserError, match="cannot be read"):
        found(tmp_path)
    (tmp_path / MANIFEST).write_bytes(data)
    with pytest.raises(UserError, match=MANIFEST):
        found(tmp_path)


def other_environment(folder: Path, **changes: Any) -> None:
    facts = read_facts(folder)
    write_manifest(folder, facts | {"environment": facts["environment"] | {"torch": "1.0"}} | changes)


def test_another_environment_compares_figures_and_says_so(folder):
    other_environment(folder)
    told: list[str] = []
    assert found(folder, retrained=2, told=told) == []
    assert "torch was 1.0, is" in told[0]
    assert "within 2 test sequences" in told[0]


def change_accuracy(folder: Path, change: Callable[[float], float]) -> None:
    """Change the target's accuracy after stage 2, and what follows from it, in the first row of a file."""

    def edit(rows: list[dict[str, Any]]) -> None:
        metadata = json.loads(rows[0]["metadata"])
        target = metadata["target_pattern"]
        accuracy = metadata["improved"]["accuracy"]
        accuracy[target] = round(change(accuracy[target]), 6)
        metadata["improvement"] = round(accuracy[target] - metadata["degraded"]["accuracy"][target], 6)
        rows[0]["metadata"] = json.dumps(metadata, separators=(",", ":"))
        rows[0]["improved_target_accuracy"] = accuracy[target]
        rows[0]["lowest_improved_accuracy"] = min(accuracy.values())

    edit_rows(folder / longest_file(folder), edit)


def test_another_environment_allows_two_test_sequences_and_no_more(folder):
    row = read_table_rows(folder / longest_file(folder))[0]
    metadata = json.loads(row["metadata"])
    sequence = 1 / metadata["test_sequences"][metadata["target_pattern"]]
    down = lambda count: lambda value: value - count * sequence  # noqa: E731
    change_accuracy(folder, down(2))
    other_environment(folder)
    assert [p.what for p in found(folder)] == []
    change_accuracy(folder, down(1))
    other_environment(folder)
    assert any("improved.accuracy" in p.what for p in found(folder))


def test_in_another_environment_figures_still_follow_from_each_other(folder):
    def edit(rows: list[dict[str, Any]]) -> None:
        metadata = json.loads(rows[0]["metadata"])
        metadata["improvement"] += 0.001
        rows[0]["metadata"] = json.dumps(metadata, separators=(",", ":"))

    edit_rows(folder / longest_file(folder), edit)
    other_environment(folder)
    assert any("metadata: improvement is" in p.what for p in found(folder))


def test_other_code_is_another_environment(folder):
    facts = read_facts(folder)
    other_environment(folder, environment=facts["environment"], code_sha256="0" * 64)
    told: list[str] = []
    problems = found(folder, told=told)
    assert "code was 000000000000, is" in told[0]
    assert {p.what.split()[0] for p in problems} == {"metadata"}  # every record names the code


def test_training_again_finds_weights_that_agree_with_all_else(folder):
    """A learning curve changed in weights and row alike is consistent, and still not that of the training."""

    def change(models: dict[str, Any]) -> None:
        next(iter(models.values())).training["training_loss"][0] = 0.125

    path = first(folder, "weights")
    example_id = int(next(iter(load_models(path))).split("/")[0])
    edit_models(path, change)

    def edit(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if row["example_id"] == example_id:
                metrics = json.loads(row["training_metrics"])
                metrics["degraded"]["training_loss"][0] = 0.125
                before, row["training_metrics"] = row["training_metrics"], json.dumps(metrics, separators=(",", ":"))
                length = '"training_metrics_chars":{}'.format
                old, new = (length(len(text)) for text in (before, row["training_metrics"]))
                row["metadata"] = row["metadata"].replace(old, new)

    for name in parquet_files(folder):
        edit_rows(folder / name, edit)
    hide(folder)
    assert found(folder) == []
    (problem,) = found(folder, retrained=7)
    assert problem.example_id == example_id
    assert "trained again, the degraded model has other learning curves" in problem.what


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    return subprocess.run(
        [sys.executable, "-m", "subject_zoo", "verify", folder, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"PYTHONPATH": str(SCRIPTS)},
    )


def test_the_command_passes_a_clean_folder(finished):
    done = run(finished, "--retrain", "1", "--seed-of-choice", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "another environment" not in done.stdout
    assert done.stdout.splitlines()[-1].endswith("no problem")
    assert done.stderr == ""


def test_the_command_lists_at_most_fifty_problems_and_counts_the_rest(folder):
    for number in range(60):
        (folder / "data" / f"{number:02d}.txt").write_text("")
    done = run(folder, "--retrain", "0")
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert sum(line.startswith("data/") for line in lines) == 50
    assert "... and 10 more" in lines
    assert lines[-1].endswith("60 problems")


def test_the_command_is_clear_about_bad_arguments(tmp_path):
    done = run(tmp_path / "nowhere")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert run(tmp_path, "--retrain", "-1").returncode == 2
