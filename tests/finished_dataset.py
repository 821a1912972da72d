"""A small finished dataset folder, made by the library in this process, and edits of its files."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from subject_zoo.base.arrays import load_npz, save_npz
from subject_zoo.base.files import write_json
from subject_zoo.chain import MadeExamples, Record, make_examples
from subject_zoo.config.seeds import shared_seed
from subject_zoo.config.tasks import published_stages, signed_stages
from subject_zoo.dataset.card import CC0, dataset_card
from subject_zoo.dataset.dealing import Last, deal_networks
from subject_zoo.dataset.folder import count_rows, describe_file, digests_of_tables, manifest, title_pages
from subject_zoo.dataset.layout import (
    BENCHMARK_DATASET,
    CARD,
    MANIFEST,
    PICTURES,
    SIGNATURE_DATASET,
    VALIDITY,
    signatures_file,
    table_file,
    table_names,
    weights_file,
)
from subject_zoo.dataset.record_summary import summarise_records
from subject_zoo.dataset.shard_plan import Windows
from subject_zoo.dataset.shards import members_of_splits, named_models, write_signatures, write_table, write_weights
from subject_zoo.dataset.validity import summarise
from subject_zoo.networks.files import load_models, save_models
from subject_zoo.project import Project
from subject_zoo.signatures.files import signature_arrays
from subject_zoo.verification.problem import Problem
from subject_zoo.verification.verify import verify
from tests.conftest import small_config

SMALL = yaml.safe_load((Path(__file__).with_name("small.yaml")).read_text(encoding="utf-8"))
HERE = {"device": "cpu"}  # what this process can repeat bit for bit
SCRIPTS = Path(__file__).parents[1] / "scripts"


def tiny_config(*overlays: dict[str, Any]) -> dict[str, Any]:
    """A checked configuration of seconds of work, overlaid."""
    return small_config(SMALL, HERE, *overlays)


DIAGNOSED = {  # networks that learn what they are taught, so that their faults are definite
    "task_generation": {"include_diagnosis": True},
    "patterns": {"enabled": ["starts_with", "ends_with", "first_last_match", "palindrome"]},
    "dataset": {"num_sequences": 8000, "pool_size": 8000, "corruption": "region", "corruption_rate": 0.5},
    "model": {"num_layers": [1, 2], "neurons_per_layer": [14, 16]},
    "training": {"degraded_epochs": 8, "improvement_epochs": 4, "batch_size": 64},
}


def diagnosing_config(*overlays: dict[str, Any]) -> dict[str, Any]:
    """A checked configuration, overlaid, whose records have diagnoses too; it accepts the most of its candidates."""
    return tiny_config(DIAGNOSED, *overlays)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A dataset folder, made once a process. Read only."""
    folder = tmp_path_factory.getbasetemp() / "finished_dataset"
    if not folder.exists():
        splits = {"validation": 0.25, "test": 0.25}
        sizes = {"num_examples": 7, "examples_per_job": 6}
        make_dataset(folder, tiny_config({**sizes, "splits": splits}))
    return folder


@pytest.fixture
def folder(finished, tmp_path) -> Path:
    """A copy of the dataset folder to spoil."""
    return Path(shutil.copytree(finished, tmp_path / "dataset"))


def found(folder: Path, retrained: int = 0, told: list[str] | None = None, trusted: bool = False) -> list[Problem]:
    """All problems of a folder, each a line of bounded length as all that is told."""
    lines = [] if told is None else told
    problems = list(verify(folder, lines.append, retrained, seed_of_choice=0, trusted=trusted))
    for line in (*lines, *map(str, problems)):
        assert "\n" not in line
        assert len(line) < 1000
    return problems


def first(folder: Path, kind: str) -> Path:
    """The folder's first file whose name begins so."""
    return folder / next(name for name in read_facts(folder)["files"] if name.startswith(kind))


def parquet_files(folder: Path) -> list[str]:
    """Names of the Parquet files of the folder's table `data`."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("data/*/*.parquet"))


def longest_file(folder: Path) -> str:
    """The Parquet file of the most rows."""
    return max(parquet_files(folder), key=lambda name: len(read_table_rows(folder / name)))


def make_dataset(folder: Path, config: dict[str, Any]) -> None:
    """A folder in the form of results/dataset/, window after window until it is full."""
    project, windows, missing = Project(config), Windows.of(config), config["num_examples"]
    folder.mkdir(parents=True)
    (folder / SIGNATURE_DATASET).write_bytes(project.signature_dataset)
    write_json(folder / BENCHMARK_DATASET, project.benchmark_dataset)
    window = 0
    last: Last = {}
    while missing:
        made = make_examples(project, [i for ids in windows.ranges(window) for i in ids.ids])
        records = made.records
        if config["format"]["shuffle"] == "networks":
            records = list(deal_networks(records, last, shared_seed(config), config["splits"], None))
        write_window(folder, f"{window:06d}", project, made, records[:missing])
        missing -= len(records[:missing])
        window += 1
    tables = {name: describe_file(folder / name) for name in parquet_files(folder)}
    (folder / CARD).write_text(
        dataset_card(config, project.provenance, count_rows(tables), digests_of_tables(tables), None)
    )
    facts = {"finished": True, "license": CC0, "config": config, "environment": project.environment}
    write_manifest(folder, {**project.provenance, **facts})


def tell_of_records(folder: Path, drawings: Mapping[str, Callable[[Any], bytes]] | None = None) -> None:
    """Figures, pictures and title pages for a folder of `make_dataset`'s, as the pipeline writes them."""
    facts = read_facts(folder)
    config, project = facts["config"], Project(facts["config"])
    members = sorted(row["example_id"] for name in parquet_files(folder) for row in read_table_rows(folder / name))
    made = make_examples(project, range(members[-1] + 1))
    verdicts = summarise_records(made.verdicts, made.records)
    validity = summarise(list(verdicts.values()), members, config)
    write_json(folder / VALIDITY, validity)
    for name, draw in (drawings or {}).items():
        (folder / PICTURES).mkdir(exist_ok=True)
        (folder / PICTURES / f"{name}.png").write_bytes(draw(validity))
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name not in (CARD, MANIFEST)]
    files = {path.relative_to(folder).as_posix(): describe_file(path) for path in paths}
    digests = {key: facts[key] for key in ("code_sha256", "config_sha256")}
    for name, page in title_pages(files, config, digests, facts["environment"], validity).items():
        (folder / name).write_bytes(page)


def write_window(folder: Path, shard: str, project: Project, made: MadeExamples, kept: Sequence[Record]) -> None:
    """The files of one shard, in their places: nothing where nothing is kept."""
    if not kept:
        return
    ids = [record["example_id"] for record in kept]
    asked, made_models = project.config["task_generation"], {"degraded": made.degraded, "improved": made.improved}
    members = members_of_splits(kept, shared_seed(project.config), project.config["splits"])
    for table in table_names(asked):
        for split, positions in members.items():
            if positions:
                records = [kept[position] for position in positions]
                ablation = project.config["validation"]["ablation"]
                write_table(folder / table_file(table, split, shard), table, records, asked, ablation)
    models = {stage: made_models[stage] for stage in published_stages(asked)}
    write_weights(folder / weights_file(shard), named_models(ids, models))
    signatures = {i: made.signatures[i] for i in ids}
    arrays = signature_arrays(project.extractor.feature_names, signed_stages(asked), signatures)
    write_signatures(folder / signatures_file(shard), arrays)


def write_manifest(folder: Path, facts: dict[str, Any]) -> None:
    """The manifest of the folder's files as they are now, with these facts beside what follows from the files."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]
    files = {path.relative_to(folder).as_posix(): describe_file(path) for path in paths}
    rows = count_rows(files)
    counted = {"num_examples": sum(rows.values()), "rows": rows}
    counted["signature_dataset_sha256"] = files["signature_dataset.json"]["sha256"]
    kept = {key: value for key, value in facts.items() if key not in ("files", "facts_sha256")}
    (folder / MANIFEST).write_bytes(manifest(files, **(kept | counted)))


def read_facts(folder: Path) -> dict[str, Any]:
    """The manifest."""
    return json.loads((folder / MANIFEST).read_bytes())


def hide(folder: Path) -> None:
    """Write the manifest anew, as who wants an edit not to be found by a hash."""
    facts = read_facts(folder)
    write_manifest(folder, facts)


def read_table_rows(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist()


def edit_models(path: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    """Change a safetensors file's models in place."""
    models = load_models(path)
    edit(models)
    save_models(path, models)


def edit_arrays(path: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    """Change an .npz file's arrays in place."""
    arrays = load_npz(path)
    edit(arrays)
    save_npz(path, arrays)
