"""The page about the dataset is part of a run, and is written again when there is a ladder to tell of."""

import pytest

from subject_zoo.base.files import digest_of
from tests.pipeline import snakemake, succeed
from tests.report.folders import write_ladder

pytestmark = pytest.mark.workflow
WANTED = ("--config", "num_examples=3")


def test_a_run_tells_of_its_dataset_and_times_and_later_of_its_ladder(tmp_path):
    page, ladder = tmp_path / "results/report.html", tmp_path / "results/ladder.json"
    succeed(snakemake(tmp_path, *WANTED))
    first = page.read_text()
    assert "Where the time goes" in first
    assert "train_degraded: " in first
    assert "The ladder of baselines was not measured" in first
    write_ladder(ladder, digest_of((tmp_path / "results/dataset/manifest.json").read_bytes()))
    assert "1 of 1 steps" in succeed(snakemake(tmp_path, "results/report.html", *WANTED))
    second = page.read_text()
    assert "mean_repair reaches" in second
    assert "another state of the dataset" not in second
    assert "Nothing to be done" in succeed(snakemake(tmp_path, *WANTED))
    ladder.write_text("[]")
    run = snakemake(tmp_path, *WANTED)
    assert run.returncode != 0
    assert "results/ladder.json: not what subject-zoo baseline --json writes" in run.stderr
    assert "Traceback" not in run.stderr
    ladder.unlink()
    other = ("--allowed-rules", "write_report", "--forcerun", "write_report", "--config", "num_examples=3", "seed=1")
    said = succeed(snakemake(tmp_path, "results/report.html", *other))  # as `make report`
    assert "1 of 1 steps" in said
    assert "will be replaced" not in said
    assert "not measured" in page.read_text()
