"""What is said of datasets that are not of the usual kind, and where it is said."""

from html import escape

import pytest

from subject_zoo.dataset.cautions import cautions
from subject_zoo.info.facts import facts
from subject_zoo.info.lines import lines
from subject_zoo.report.page import report
from tests.conftest import small_config
from tests.finished_dataset import parquet_files, read_table_rows, tiny_config
from tests.report.folders import told_folder

TWINS = {"twins": True, "corruption": "region", "corruption_rate": 0.5}


@pytest.mark.parametrize(
    ("overlay", "named"),
    [
        ({}, []),
        ({"format": {"shuffle": "networks"}}, ["format.shuffle: networks"]),
        ({"dataset": TWINS}, ["dataset.twins"]),
        ({"training": {"maker": "torch"}}, ["training.maker: torch"]),
        ({"dataset": {"corruption_rate": 0.0}}, ["dataset.corruption_rate: 0"]),
        ({"training": {"improvement_data": "corrupted"}}, ["training.improvement_data"]),
        (
            {"task_generation": {"include_modification": False}, "training": {"improvement_data": "corrupted"}},
            [],  # there is no second stage
        ),
    ],
)
def test_each_names_its_key(overlay, named):
    told = list(cautions(small_config(overlay)))
    assert [line[line.index("(") + 1 : -1] for line in told] == named


@pytest.mark.parametrize("overlay", [{"format": {"shuffle": "networks"}}, {"dataset": TWINS}])
def test_they_are_told_on_the_report_and_the_overview(overlay, tmp_path):
    config = tiny_config(overlay, {"num_examples": 5})
    folder = told_folder(tmp_path / "dataset", config)
    page, screen = report(folder).decode(), " ".join(" ".join(lines(facts(folder))).split())
    [caution] = cautions(config)
    assert caution in screen
    assert f'<p class="note">{escape(caution[0].upper() + caution[1:])}.</p>' in page
    ids = {row["example_id"] for name in parquet_files(folder) for row in read_table_rows(folder / name)}
    pairs = sum(row % 2 == 0 and row + 1 in ids for row in ids)
    assert (f"whole pairs of twins: {pairs}" in screen) == config["dataset"]["twins"]
