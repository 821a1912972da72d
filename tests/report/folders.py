"""Dataset folders to be reported on, made by the library in this process, and pages of them."""

import json
import shutil
from pathlib import Path
from typing import Any

from subject_zoo.base.files import write_json
from subject_zoo.chain import make_examples
from subject_zoo.dataset.layout import SHARD_FOLDERS, VALIDITY
from subject_zoo.dataset.record_summary import summarise_records
from subject_zoo.dataset.validity import summarise
from subject_zoo.project import Project
from subject_zoo.report.sections.times import Job
from tests.finished_dataset import hide, make_dataset, parquet_files, read_facts, read_table_rows

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
JOBS = [Job("make_pools", 0, 1.5), Job("train_degraded", 2, 12), Job("train_degraded", 3, 8.25), Job(HOSTILE, 20, 21)]
LEFT_OUT = {
    "modification": {"task_generation": {"include_classification": False}},
    "classification": {"task_generation": {"include_modification": False}},
}


def told_folder(folder: Path, config: dict[str, Any]) -> Path:
    """A folder with figures of how true its records are, as a run makes it but for its pictures and its card."""
    make_dataset(folder, config)
    members = sorted(row["example_id"] for name in parquet_files(folder) for row in read_table_rows(folder / name))
    made = make_examples(Project(config), range(members[-1] + 1))
    verdicts = summarise_records(made.verdicts, made.records)
    write_json(folder / VALIDITY, summarise(list(verdicts.values()), members, config))
    hide(folder)
    return folder


def emptied(folder: Path) -> Path:
    """The folder without its records."""
    for name in SHARD_FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    facts = read_facts(folder)
    validity = json.loads((folder / VALIDITY).read_text())
    validity["funnel"] |= {"candidates": 0, "accepted": 0, "acceptance": None}
    write_json(folder / VALIDITY, validity | {"by_pattern": {}})
    (folder / "manifest.json").write_text(json.dumps(facts))
    hide(folder)
    return folder


def write_ladder(path: Path, manifest_sha256: str) -> Path:
    """What subject-zoo baseline --json writes, as far as it is shown."""
    rungs: dict[str, dict[str, Any]] = {"classification": {}, "modification": {}}
    for place, rung in enumerate(("metadata", HOSTILE, "runs_the_network")):
        value = (1 + place) / 3
        spread = [max(0.0, value - 0.05), min(1.0, value + 0.05)]
        rungs["classification"][rung] = {
            "macro_f1": value,
            "exact_match": value,
            "intervals": {"macro_f1": spread, "exact_match": spread},
        }
    for rung, value in (("copy", 0.0), ("mean_repair", 0.25), ("true", 1.0)):
        figures = {"passed": value, "targeted": value}
        rungs["modification"][rung] = {**figures, "intervals": {key: [value, value] for key in figures}}
    write_json(path, {"dataset": {"manifest_sha256": manifest_sha256}, **rungs})
    return path
