"""Datasets of several seeds made one, which is checked, judged, shown and loaded as any other."""

import json
import shutil
from pathlib import Path

import pytest
from datasets import load_dataset

from subject_zoo.base.errors import UserError
from subject_zoo.cli import main
from subject_zoo.dataset.layout import CARD, VALIDITY
from subject_zoo.info.facts import facts
from subject_zoo.info.lines import lines
from subject_zoo.judge.score import score
from subject_zoo.merge import merge
from subject_zoo.show import show
from tests.completions import true_answers, write_answers
from tests.finished_dataset import (
    edit_models,
    found,
    hide,
    make_dataset,
    parquet_files,
    read_facts,
    read_table_rows,
    tell_of_records,
    tiny_config,
    write_manifest,
)

SPLITS = {"validation": 0.25, "test": 0.25}
SHARED = {"shared_seed": 3, "num_examples": 4, "examples_per_job": 6, "splits": SPLITS}
RAISED = 1_000_000


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> list[Path]:
    """Finished datasets of two seeds that share what is held out. Read only."""
    folders = [tmp_path_factory.mktemp("parts") / name for name in ("one", "other")]
    for folder, overlay in zip(folders, ({"seed": 3, "shared_seed": None}, {"seed": 8}), strict=True):
        make_dataset(folder, tiny_config({**SHARED, **overlay}))
        tell_of_records(folder)
    return folders


@pytest.fixture(scope="module")
def merged(parts, tmp_path_factory) -> Path:
    """One dataset of both. Read only."""
    folder = tmp_path_factory.mktemp("merged") / "both"
    merge(parts, folder)
    return folder


@pytest.fixture
def copies(parts, tmp_path) -> list[Path]:
    """Copies of the parts, to spoil."""
    return [Path(shutil.copytree(part, tmp_path / part.name)) for part in parts]


@pytest.fixture
def spoilt(merged, tmp_path) -> Path:
    """A copy of the merged dataset, to spoil."""
    return Path(shutil.copytree(merged, tmp_path / "both"))


def rows_by_split(folder: Path) -> dict[str, dict[int, dict]]:
    """Rows of the table `data` by split and id."""
    rows: dict[str, dict[int, dict]] = {}
    for name in parquet_files(folder):
        here = {row["example_id"]: row for row in read_table_rows(folder / name)}
        rows.setdefault(name.split("/")[1], {}).update(here)
    return rows


def test_verify_finds_no_problem_and_trains_again_as_the_parts_were(parts, merged):
    told: list[str] = []
    assert [found(part) for part in parts] == [[], []]
    assert found(merged, retrained=8, told=told) == []
    assert "8 records in 3 shards were checked" in told
    assert "8 records were trained again" in told


def test_records_stay_as_they_were_each_in_its_split(parts, merged):
    together = rows_by_split(merged)
    wanted = [rows_by_split(part) for part in parts]
    assert set(together) == set(wanted[0]) | set(wanted[1])
    for split, rows in together.items():
        first, second = (own.get(split, {}) for own in wanted)
        raised = {RAISED + i: {**row, "example_id": RAISED + i} for i, row in second.items()}
        assert rows == {**first, **raised}
        for example_id, row in rows.items():
            assert json.loads(row["metadata"])["provenance"]["example_id"] == example_id % RAISED
            assert json.loads(row["metadata"])["provenance"]["seed"] == (3 if example_id < RAISED else 8)


def test_the_first_parts_files_are_not_changed_by_a_byte(parts, merged):
    for name in read_facts(parts[0])["files"]:
        if "/" in name and not name.startswith("figures/"):
            assert (parts[0] / name).read_bytes() == (merged / name).read_bytes()


def test_figures_are_of_all_records_and_candidates(parts, merged):
    figures = [json.loads((folder / VALIDITY).read_text()) for folder in (*parts, merged)]
    for key in ("candidates", "accepted"):
        assert figures[2]["funnel"][key] == figures[0]["funnel"][key] + figures[1]["funnel"][key]
    for key in ("rows", "copies", "shared_of_held_out"):
        assert figures[2]["sequences"][key] == figures[0]["sequences"][key] + figures[1]["sequences"][key]
    least = min(figure["accepted"]["accuracy_after"]["min"] for figure in figures[:2])
    assert figures[2]["accepted"]["accuracy_after"]["min"] == least


def test_it_is_judged_shown_told_of_and_loaded_by_its_own_numbers(merged, tmp_path):
    completions = true_answers(merged, "classification")
    report = score(merged, write_answers(tmp_path / "answers.jsonl", completions), "all")
    assert (report["classification"]["records"], report["classification"]["exact_match"], report["wrong"]) == (8, 1, {})
    raised = max(line["example_id"] for line in completions)
    assert raised > RAISED
    assert next(show(merged, raised)).startswith(f"Record {raised}, in the split ")
    known = facts(merged)
    assert (known["records"], known["flaws"]) == (8, [])
    assert any("from seeds 3 (ids from 0 on), 8 (ids from 1000000 on) by " in line for line in lines(known))
    loaded = load_dataset(str(merged), "modification", cache_dir=tmp_path / "cache")
    assert {i for split in loaded.values() for i in split["example_id"]} == {c["example_id"] for c in completions}
    assert f"| 8 | 4 | from {RAISED} on | `example_id` - {RAISED} |" in (merged / CARD).read_text()


@pytest.mark.parametrize(
    ("overlay", "key"),
    [
        ({"dataset": {"twins": True, "corruption": "region"}}, "twin"),
        ({"format": {"shuffle": "networks"}}, "shown_example_id"),
    ],
)
def test_records_that_others_name_are_told_by_the_whole_datasets_numbers(tmp_path, overlay, key):
    for seed in (3, 8):
        make_dataset(tmp_path / str(seed), tiny_config({**SHARED, **overlay, "seed": seed, "num_examples": 2}))
        tell_of_records(tmp_path / str(seed))
    merge([tmp_path / "3", tmp_path / "8"], tmp_path / "both")
    rows = {i: row for split in rows_by_split(tmp_path / "both").values() for i, row in split.items()}
    last = max(rows)
    named = json.loads(rows[last]["metadata"])[key]
    number = named["example_id"] if key == "twin" else named
    assert number < RAISED
    assert any(f"{number + RAISED}" in line for line in show(tmp_path / "both", last))
    assert f"`{key}` there has the other record's number as it was" in (tmp_path / "both" / CARD).read_text()


def test_twins_are_found_by_the_whole_datasets_numbers(tmp_path):
    parts = [tmp_path / "one", tmp_path / "other"]
    twins = {"twins": True, "corruption": "region"}
    for part, seed in zip(parts, (6, 10), strict=True):
        make_dataset(part, tiny_config({**SHARED, "seed": seed, "dataset": twins}))
        tell_of_records(part)
    merge(parts, tmp_path / "both")
    one, other, both = (json.loads((folder / VALIDITY).read_text())["twins"] for folder in (*parts, tmp_path / "both"))
    assert one["pairs"] == other["pairs"] == 1
    assert both["pairs"] == 2
    assert both["records_without_twin"] == one["records_without_twin"] + other["records_without_twin"]
    assert both["pairs_by_pattern"] == {
        name: one["pairs_by_pattern"][name] + count for name, count in other["pairs_by_pattern"].items()
    }
    assert found(tmp_path / "both") == []
    pair = next(i for of in rows_by_split(tmp_path / "both").values() for i in of if i > RAISED and i + 1 in of)
    assert f"Its twin, {pair + 1}, has " in "\n".join(show(tmp_path / "both", pair))


def refused(folders: list[Path], output: Path) -> str:
    """The line that refuses, which leaves nothing behind."""
    before = sorted(output.parent.iterdir())
    with pytest.raises(UserError) as error:
        merge(folders, output)
    assert sorted(output.parent.iterdir()) == before
    assert "\n" not in str(error.value)
    return str(error.value)


def redescribe(folder: Path, **changes: object) -> None:
    write_manifest(folder, {**read_facts(folder), **changes})


def reconfigure(folder: Path, **sections: object) -> None:
    config = read_facts(folder)["config"]
    for key, value in sections.items():
        config[key] = {**config[key], **value} if isinstance(value, dict) else value
    redescribe(folder, config=config)


def test_datasets_that_may_not_stand_together_are_refused_in_a_line(copies, tmp_path):
    one, other = copies
    out = tmp_path / "out"
    assert refused([one, one], out).endswith("both are of seed 3, so that examples would stand there twice")
    reconfigure(other, patterns={"vocab_size": 8})
    assert "they differ in patterns.vocab_size (7, now 8): " in refused(copies, out)
    reconfigure(other, patterns={"vocab_size": 7}, task_generation={"include_classification": False})
    assert "they differ in task_generation.include_classification" in refused(copies, out)
    reconfigure(other, task_generation={"include_classification": True}, splits={"test": 0.5})
    assert "they differ in splits" in refused(copies, out)
    reconfigure(other, splits=SPLITS, shared_seed=None)
    assert "those of seed 3 and of 8; make one of them with shared_seed" in refused(copies, out)
    reconfigure(other, shared_seed=3)
    redescribe(other, license="mit")
    assert "their licences are cc0-1.0 and mit" in refused(copies, out)
    redescribe(other, license="cc0-1.0", finished=False)
    assert refused(copies, out) == f"{other}: is not finished; end the run that makes it first"
    redescribe(other, finished=True)
    probes = other / "signature_dataset.json"
    probes.write_bytes(probes.read_bytes() + b"\n")
    hide(other)
    assert "their signature_dataset.json differ" in refused(copies, out)


def test_a_damaged_part_a_merged_one_and_a_folder_that_exists_are_refused(copies, merged, tmp_path):
    assert "exists" in refused(copies, copies[0])
    assert "merged itself" in refused([merged, copies[1]], tmp_path / "out")
    assert "two datasets" in refused(copies[:1], tmp_path / "out")
    (weights,) = copies[1].glob("weights/*")
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    assert f"weights/{weights.name}: its content was changed" in refused(copies, tmp_path / "out")
    weights.unlink()
    assert f"weights/{weights.name}: cannot be read" in refused(copies, tmp_path / "out")


def test_no_part_takes_in_the_whole(copies, tmp_path):
    for inside in (copies[0] / "both", copies[1] / "data" / "train" / "both"):
        assert "lies inside" in refused(copies, inside)
    assert not list(tmp_path.rglob("both"))


def test_a_part_that_hides_its_damage_is_one_line(copies, tmp_path):
    validity = (copies[1] / VALIDITY).read_text()
    for spoil in (
        (copies[1] / VALIDITY).unlink,
        lambda: (copies[1] / VALIDITY).write_text("{}"),
        lambda: next(copies[1].glob("weights/*")).write_bytes(b"none"),
    ):
        spoil()
        hide(copies[1])
        assert refused(copies, tmp_path / "out")
        (copies[1] / VALIDITY).write_text(validity)


def test_a_write_that_fails_leaves_nothing(copies, tmp_path, monkeypatch):
    def no_room(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("subject_zoo.merge.renumber", no_room)
    assert "cannot be made (No space left on device)" in refused(copies, tmp_path / "out")


def test_what_is_wrong_in_a_part_is_told_by_the_whole_datasets_number(spoilt):
    weights = spoilt / "weights/001000.safetensors"
    edit_models(weights, lambda models: next(iter(models.values())).weights["network.0.weight"].__setitem__(0, 1))
    hide(spoilt)
    problems = found(spoilt)
    assert problems
    assert {problem.example_id // RAISED for problem in problems if problem.example_id} == {1}
    assert any("(example 1000" in str(problem) and "instead of" in str(problem) for problem in problems)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda parts: parts[1].update(first_shard=0), "its numbers do not begin above"),
        (lambda parts: parts[1].update(first_example_id=3), "its numbers reach into those of the next part"),
        (lambda parts: parts[0].update(first_example_id=3), "must be numbered from 0 on"),
        (lambda parts: parts[1]["manifest"].update(seed=9), "its seed or its config_sha256"),
        (lambda parts: parts[1]["manifest"]["rows"].update(train=9), "rows are"),
        (lambda parts: parts[1].update(manifest=parts[0]["manifest"]), "both are of seed 3"),
        (lambda parts: parts[0]["manifest"].update(num_examples=5), "config is not that of its parts"),
    ],
)
def test_a_manifest_whose_parts_do_not_fit_is_a_problem(spoilt, edit, said):
    manifest = read_facts(spoilt)
    edit(manifest["parts"])
    write_manifest(spoilt, manifest)
    (problem,) = [problem for problem in found(spoilt) if problem.what.startswith("parts: ")]
    assert said in problem.what


def test_the_command_tells_what_it_made(parts, tmp_path, capsys):
    assert main(["merge", *map(str, parts), "-o", str(tmp_path / "both")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"{parts[1]}: 4 records of seed 8, with {RAISED} added to example_id"
    assert lines[2].startswith(f"{tmp_path / 'both'}: 8 records; ")
    assert main(["merge", *map(str, parts), "-o", str(tmp_path / "both")]) == 1
