"""The datasheet and the Croissant description of a finished dataset: every figure in them is the run's own."""

import json
import re

import pytest

from subject_zoo.dataset.folder import descriptions
from subject_zoo.dataset.layout import CROISSANT, DATASHEET, table_names
from subject_zoo.dataset.parts import Part
from subject_zoo.dataset.shards import table_schema
from subject_zoo.dataset.statements import statements
from subject_zoo.dataset.validity import summarise
from tests.conftest import small_config
from tests.dataset.test_card import DIGESTS, ROWS, validity
from tests.dataset.test_validity import CONFIG, alone, exact_of, verdict

__all__ = ["validity"]  # a fixture

HERE = {"device": "cpu", "numpy": "2.0"}
FILES = {
    "data/train/000000.parquet": {"sha256": "1" * 64, "size": 10, "rows": 5},
    "data/test/000000.parquet": {"sha256": "2" * 64, "size": 10, "rows": 2},
    "weights/000000.safetensors": {"sha256": "3" * 64, "size": 10},
    "signature_dataset.json": {"sha256": "4" * 64, "size": 10},
}


def described(config, figures) -> tuple[str, dict]:
    """The datasheet, and the Croissant description."""
    pages = descriptions(FILES, config, DIGESTS, HERE, figures, "cc-by-4.0")
    return " ".join(pages[DATASHEET].decode().split()), json.loads(pages[CROISSANT])


def test_the_datasheet_answers_with_the_runs_figures(validity):
    sheet, _ = described(small_config(), validity)
    funnel, patterns = validity["funnel"], validity["by_pattern"]
    assert "Of 12 candidates, 8 passed all gates" in sheet
    assert f"{1 - funnel['acceptance']:.1%} of the candidates are not in it" in sheet
    shares = {name: row["acceptance_as_target"] for name, row in patterns.items() if row["acceptance_as_target"]}
    assert f"{max(shares.values()):.1%}" in sheet
    assert f"Answers list {validity['implied']['mean_listed']:.1f} patterns on average" in sheet
    assert "7 small neural networks" in sheet
    assert "5 train, 0 validation, 2 test" in sheet
    assert "Licence: cc-by-4.0." in sheet
    assert "was not measured" in sheet
    assert not re.search(r"\$\w|[:,(] None|\bnan\b", sheet)
    for question in ("Motivation", "Composition", "Collection", "Preprocessing", "Uses", "Distribution", "Maintenance"):
        assert f"## {question}" in sheet


def test_what_was_measured_on_the_whole_space_is_said():
    verdicts = [verdict(i, accepted=True) for i in range(9)]
    figures = summarise([v | {"exact": exact_of(v)} for v in verdicts], list(range(9)), CONFIG)
    sheet, _ = described(small_config(), figures)
    assert f"a median of {figures['exact']['precision']['median']:.3f}" in sheet
    assert "was not measured" not in sheet
    sheet, _ = described(small_config(), figures | {"exact": figures["exact"] | {"precision": None}})
    assert "was not measured" in sheet


@pytest.mark.parametrize("task", ["modification", "classification"])
def test_a_dataset_of_one_task_is_described_by_what_it_has(task):
    config, verdicts = alone(task)
    figures = summarise(verdicts, [v["example_id"] for v in verdicts if v["accepted"]], config)
    other = "classification" if task == "modification" else "modification"
    asked = small_config({"task_generation": {f"include_{other}": False}})
    sheet, croissant = described(asked, figures)
    assert ("degraded and mended" in sheet) == (task == "modification")
    assert f"`{other}`" not in sheet
    assert [one["name"] for one in croissant["recordSet"]] == ["splits", "default", task]


def test_croissant_names_each_file_with_its_digest_and_each_column_of_each_table(validity):
    config = small_config()
    _, croissant = described(config, validity)
    objects = [one for one in croissant["distribution"] if one["@type"] == "cr:FileObject"]
    assert {one["contentUrl"]: one["sha256"] for one in objects} == {name: FILES[name]["sha256"] for name in FILES}
    sets = {one["@id"]: one["includes"] for one in croissant["distribution"] if one["@type"] == "cr:FileSet"}
    for table in table_names(config["task_generation"]):
        name = "default" if table == "data" else table
        assert sets[f"{name}-files"] == f"{table}/*/*.parquet"
        (records,) = [one for one in croissant["recordSet"] if one["name"] == name]
        columns = [field["name"] for field in records["field"]]
        assert columns == ["split", *table_schema(table, config["task_generation"]).names]
    assert croissant["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    assert croissant["rai:hasSyntheticData"] is True
    assert croissant["prov:wasDerivedFrom"].startswith("No other dataset")


def test_what_is_off_by_default_is_described_where_it_is_on(validity):
    plain, _ = described(small_config(), validity)
    config = small_config(
        {
            "task_generation": {"include_diagnosis": True},
            "dataset": {"twins": True, "corruption": "region", "corruption_rate": 0.5},
            "validation": {"ablation": True},
        }
    )
    sheet, croissant = described(config, validity)
    for said in (
        "which of its patterns a network does poorly on",
        "are twins: one start",
        "does poorly on a pattern where",
    ):
        assert said in sheet
        assert said not in plain
    assert "None has to do with another" in plain
    assert "None has to do with another" not in sheet
    sets = {one["name"]: [field["name"] for field in one["field"]] for one in croissant["recordSet"]}
    assert sets["diagnosis"] == ["split", *table_schema("diagnosis", config["task_generation"]).names]
    assert "ablation" in sets["default"]
    assert "`ablation`" in sheet
    assert "`ablation`" not in plain


def test_a_control_says_that_records_show_one_another_and_which_are_left_out(validity):
    plain, _ = described(small_config(), validity)
    control, croissant = described(small_config({"format": {"shuffle": "networks"}}), validity)
    assert "as a control for interpreter models" in croissant["description"]
    assert "As training data for" in plain
    assert "As training data for" not in control
    assert "To train and judge" in plain
    assert "To train and judge" not in control
    for said in (
        "this is a control",
        "from what it guesses",
        "show the network of the one before it in its split",
        "the first ones that do but for the first of each split",
        "one can fail several), and the first of each split",
    ):
        assert said in control
        assert said not in plain
    assert "None has to do with another" not in control


def test_equal_bytes_are_promised_of_torch_on_equal_machines_alone(validity):
    config = small_config({"training": {"maker": "torch"}})
    here = HERE | {"torch": "2.0", "processor": "one, AVX2"}
    sheet = descriptions(FILES, config, DIGESTS, here, validity, "cc-by-4.0")[DATASHEET].decode()
    assert "seed give the same bytes where torch trains on a machine of the kind." in sheet
    assert "by SGD with momentum" in sheet
    assert "and seed 0, and the machine that trained." in sheet
    assert "seed give the same bytes." in described(small_config(), validity)[0]


def test_a_merged_dataset_names_the_code_that_made_each_part(validity):
    parts = [
        Part({"config": small_config({"seed": seed}), "code_sha256": digit * 64})
        for seed, digit in ((1, "a"), (2, "b"))
    ]
    pages = descriptions(FILES, small_config(), DIGESTS, HERE, validity, "cc-by-4.0", parts)
    for page in pages.values():
        assert b"code aaaaaaaaaaaa and bbbbbbbbbbbb" in page


def test_both_say_the_same(validity):
    config = small_config()
    said = statements(config, DIGESTS, HERE, ROWS, validity)
    sheet, croissant = described(config, validity)
    for sentence in (*said.limitations, *said.biases, *said.uses, said.social_impact, said.maintenance):
        assert sentence in sheet
        assert sentence in json.dumps(croissant, ensure_ascii=False)
