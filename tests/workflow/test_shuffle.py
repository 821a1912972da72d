"""The control format.shuffle: prompts show other records' networks, whatever the ranges; and everybody says so."""

import json
import shutil
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from subject_zoo.base.errors import UserError
from subject_zoo.chain import make_examples
from subject_zoo.cli import main
from subject_zoo.dataset.dealing import Last, deal_networks
from subject_zoo.dataset.shards import members_of_splits
from subject_zoo.integrations.fresh import FreshExamples
from subject_zoo.project import Project
from subject_zoo.records.headings import ARCHITECTURE_HEADING, QUESTION_HEADING
from tests.completions import true_answers, write_answers
from tests.finished_dataset import (
    diagnosing_config,
    found,
    hide,
    make_dataset,
    parquet_files,
    read_table_rows,
    tiny_config,
)
from tests.pipeline import snakemake, succeed
from tests.record_tables import edit_record, records_of

SHUFFLED = {"format": {"shuffle": "networks"}, "splits": {"validation": 0.25, "test": 0.25}}
PROMPTS = ("modification_prompt", "classification_prompt")


def shown(prompt: str) -> str:
    """What a prompt shows of a network, found by its headings."""
    return prompt[prompt.index(ARCHITECTURE_HEADING) : prompt.rindex(QUESTION_HEADING)]


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    project = Project(tiny_config(SHUFFLED), provenance={"signature_dataset": "of this test"})
    return list(make_examples(project, range(60)).records)


def dealt(records: list[dict[str, Any]], cuts: list[int]) -> list[dict[str, Any]]:
    """The records, dealt window by window."""
    last: Last = {}
    windows = [records[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(records)], strict=True)]
    return [
        record for window in windows for record in deal_networks(window, last, 0, tiny_config(SHUFFLED)["splits"], len)
    ]


def test_each_prompt_shows_the_network_before_it_in_its_split_and_asks_as_before(records):
    by_id = {record["example_id"]: record for record in records}
    members = members_of_splits(records, 0, tiny_config(SHUFFLED)["splits"])
    assert min(map(len, members.values())) > 1
    before = {records[b]["example_id"]: records[a] for of in members.values() for a, b in pairwise(of)}
    assert [record["example_id"] for record in dealt(records, [])] == sorted(before)
    for record in dealt(records, []):
        own, metadata, other = by_id[record["example_id"]], json.loads(record["metadata"]), before[record["example_id"]]
        assert metadata.pop("shown_example_id") == other["example_id"]
        for name in PROMPTS:
            assert shown(record[name]) == shown(other[name]) != shown(own[name])
            assert record[name].replace(shown(record[name]), "") == own[name].replace(shown(own[name]), "")
            for unit in ("chars", "tokens"):
                assert metadata["lengths"].pop(f"{name}_{unit}") == len(record[name])
        expected = json.loads(own["metadata"])
        for name in PROMPTS:
            del expected["lengths"][f"{name}_chars"]
        assert metadata == expected
        untouched = set(own) - {*PROMPTS, "metadata"}
        assert {name: record[name] for name in untouched} == {name: own[name] for name in untouched}


def test_examples_made_by_themselves_are_no_control(tmp_path):
    for shuffle in ("none", "networks"):
        path = tmp_path / f"{shuffle}.yaml"
        path.write_text(yaml.safe_dump(tiny_config({"format": {"shuffle": shuffle}})))
    Project.from_config(tmp_path / "none.yaml")
    with pytest.raises(UserError, match=r"format\.shuffle is networks; it must be none"):
        Project.from_config(tmp_path / "networks.yaml")


@settings(max_examples=30)
@given(st.lists(st.integers(0, 40), max_size=6).map(sorted), st.integers(0, 40))
def test_the_network_shown_depends_on_no_window_and_on_no_later_record(records, cuts, wanted):
    assert dealt(records, [min(cut, len(records)) for cut in cuts]) == dealt(records, [])
    few = dealt(records[:wanted], [])
    assert few == dealt(records, [])[: len(few)]


def test_no_prompt_is_longer_than_the_limit_whichever_network_it_shows():
    config = diagnosing_config(SHUFFLED)
    records = make_examples(Project(config, provenance={"signature_dataset": "of this test"}), range(12)).records
    texts = {name: [record[name] for record in records] for name in (*PROMPTS, "diagnosis_prompt")}
    for limit in sorted(len(text) for of in texts.values() for text in of):
        limited = Project({**config, "format": {**config["format"], "max_prompt_chars": limit}}, provenance={})
        kept = [place for place, record in enumerate(records) if limited.formatter.fits(record)]
        for of in texts.values():
            around = max(len(of[place]) - len(shown(of[place])) for place in range(len(of)))
            assert all(around + len(shown(of[place])) <= limit for place in kept)
    assert kept


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A dataset of several shards. Read only."""
    folder = tmp_path_factory.mktemp("shuffled") / "dataset"
    make_dataset(folder, tiny_config({"num_examples": 8, "examples_per_job": 8}, SHUFFLED))
    return folder


def test_it_is_verified_and_says_what_it_is(folder, tmp_path, capsys):
    assert len({Path(name).stem for name in parquet_files(folder)}) > 1
    told: list[str] = []
    assert found(folder, retrained=1, told=told) == []
    assert any(line.startswith("a control (format.shuffle: networks)") for line in told)
    assert main(["info", str(folder)]) == 0
    assert "a control, not to train on: prompts show other records' networks" in capsys.readouterr().out
    assert main(["prompts", str(folder), "-o", str(tmp_path / "prompts.jsonl")]) == 0
    assert "a control, not to train on: prompts show other records' networks" in capsys.readouterr().out
    assert "**A control, not to be trained on" in (folder / "README.md").read_text()
    row = read_table_rows(folder / parquet_files(folder)[-1])[-1]
    assert main(["show", str(folder), str(row["example_id"])]) == 0
    assert f"show example {json.loads(row['metadata'])['shown_example_id']:06d}'s network" in capsys.readouterr().out


def test_true_completions_pass_and_the_report_says_that_prompts_are_shuffled(folder, tmp_path, capsys):
    answers = write_answers(tmp_path / "answers.jsonl", true_answers(folder, "modification", "classification"))
    arguments = ["score", str(folder), str(answers), "--split", "all"]
    assert main([*arguments, "--json", str(tmp_path / "report.json")]) == 0
    assert capsys.readouterr().out.startswith("a control: prompts show other records' networks")
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["shuffle"] == "networks"
    assert report["classification"]["exact_match"] == report["modification"]["repair_share"] == 1.0


def test_examples_that_are_made_as_they_are_asked_for_are_no_control():
    with pytest.raises(UserError, match=r"^format\.shuffle is networks; .* it must be none$"):
        FreshExamples(Project(tiny_config(SHUFFLED)))


@pytest.mark.workflow
def test_a_run_deals_networks_and_counts_those_that_are_first_of_their_splits(tmp_path):
    sizes = ["num_examples=3", "examples_per_job=24", "ranges_per_shard=1"]
    config = [*sizes, "shared_seed=5", "splits={validation: 0.3, test: 0.3}", "format={shuffle: networks}"]
    succeed(snakemake(tmp_path, "--config", *config, cores=2))
    assert found(tmp_path / "results" / "dataset") == []
    tally = json.loads((tmp_path / "results" / "tallies" / "000000.json").read_text())
    splits = json.loads((tmp_path / "results" / "shuffled" / "000000.last.json").read_text())
    assert tally["rejected_in_all"]["first_of_split"] == len(splits)


def test_a_network_in_a_prompt_that_is_not_the_one_before_is_found(folder, tmp_path):
    """Its own; in the first row of a shard, whose neighbour stands in another shard or nowhere, or in the last row."""
    project = Project(tiny_config(SHUFFLED))
    for number, file in enumerate(parquet_files(folder)):
        copy = Path(shutil.copytree(folder, tmp_path / str(number)))
        place, column = -(number % 2), PROMPTS[number % 2]
        record = records_of(copy, file)[place]
        (own,) = make_examples(project, [record["example_id"]]).records
        edit_record(copy, file, place, {column: own[column]})
        hide(copy)
        problems = found(copy)
        assert [problem.example_id for problem in problems] == [record["example_id"]], file
        assert f"{column} differs at character" in str(problems[0])


def test_a_wrong_claim_of_whose_network_is_shown_is_found(folder, tmp_path):
    for file, claimed in zip(parquet_files(folder), cycle([-1, 10**6, "A", None]), strict=False):
        copy = Path(shutil.copytree(folder, tmp_path / file.replace("/", "-")))
        record = records_of(copy, file)[0]
        metadata = json.loads(record["metadata"]) | {"shown_example_id": claimed}
        edit_record(copy, file, 0, {"metadata": json.dumps(metadata, separators=(",", ":"))})
        hide(copy)
        assert {problem.example_id for problem in found(copy)} == {record["example_id"]}, file
