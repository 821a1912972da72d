"""A small finished dataset folder, made by the library in this process, and edits of its files."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from subject_zoo.card import dataset_card
from subject_zoo.dataset_folder import MANIFEST, count_rows, describe_file, manifest
from subject_zoo.devices import use_device
from subject_zoo.example_ranges import format_id
from subject_zoo.files import load_npz, save_npz
from subject_zoo.formatter import TrainingDataFormatter
from subject_zoo.measurement import classify, sign
from subject_zoo.numerics import environment_record
from subject_zoo.plans import draw_plan
from subject_zoo.problem import Problem
from subject_zoo.range_files import signature_arrays
from subject_zoo.sampler import PatternDatasetSampler
from subject_zoo.science_code import science_code_digest
from subject_zoo.settings import science_digest
from subject_zoo.shard_reader import STAGES
from subject_zoo.shard_tables import table_names
from subject_zoo.shards import parquet_bytes
from subject_zoo.signature_dataset import extractor_for, read_signature_dataset
from subject_zoo.splits import split_of
from subject_zoo.stages import train_degraded, train_improved
from subject_zoo.test_set import TestSet
from subject_zoo.tokenizer import token_counter
from subject_zoo.verdict import validate_example
from subject_zoo.verification import verify
from subject_zoo.weights import load_models, save_models
from tests.conftest import small_config

SMALL = yaml.safe_load((Path(__file__).with_name("small.yaml")).read_text(encoding="utf-8"))
HERE = {"device": "cpu", "numerics": "native"}  # what this process can repeat bit for bit
SCRIPTS = Path(__file__).parents[1] / "scripts"


def tiny_config(*overlays: dict[str, Any]) -> dict[str, Any]:
    """A checked configuration of seconds of work, overlaid."""
    return small_config(SMALL, HERE, *overlays)


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


def found(folder: Path, retrained: int = 0, told: list[str] | None = None) -> list[Problem]:
    """All problems of a folder, each a line of bounded length as all that is told."""
    lines = [] if told is None else told
    problems = list(verify(folder, lines.append, retrained, seed_of_choice=0))
    for line in (*lines, *map(str, problems)):
        assert "\n" not in line
        assert len(line) < 1000
    return problems


def parquet_files(folder: Path) -> list[str]:
    """Names of the Parquet files of the folder's table `data`."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("data/*/*.parquet"))


def longest_file(folder: Path) -> str:
    """The Parquet file of the most rows."""
    return max(parquet_files(folder), key=lambda name: len(read_table_rows(folder / name)))


def make_dataset(folder: Path, config: dict[str, Any]) -> None:
    """A folder in the form of results/dataset/, window after window until it is full."""
    device = use_device("cpu")
    sampler = PatternDatasetSampler(config)
    signature, enabled, dataset = config["signature"], config["patterns"]["enabled"], config["dataset"]
    folder.mkdir(parents=True)
    for name, drawn in (
        ("signature", sampler.signature_dataset(signature["probes_per_pattern"], signature["background_probes"])),
        ("benchmark", sampler.benchmark_dataset(config["benchmark"]["samples_per_pattern"], enabled)),
    ):
        (folder / f"{name}_dataset.json").write_text(json.dumps(drawn, indent=1))
    digest = hashlib.sha256((folder / "signature_dataset.json").read_bytes()).hexdigest()
    probes = read_signature_dataset(folder / "signature_dataset.json", sampler.space, enabled)
    extractor = extractor_for(probes, signature, enabled)

    test_set = TestSet(sampler.pools, dataset["near_miss_ratio"], dataset["min_holdout"])
    accepted: list[int] = []
    plans, examples, stages, verdicts = {}, {}, ({}, {}), {}
    size = config["examples_per_job"] * config["ranges_per_shard"]
    while len(accepted) < config["num_examples"]:
        window = {i: draw_plan(config["seed"], i, config) for i in range(len(plans), len(plans) + size)}
        plans |= window
        examples |= {i: (plan, sampler.sample(plan)) for i, plan in window.items()}
        drawn = {i: examples[i] for i in window}
        degraded = train_degraded(config, drawn, device)
        trained = (degraded, train_improved(config, drawn, degraded, device))
        for models, of_window in zip(stages, trained, strict=True):
            models.update(of_window)
        before, after = (classify(models, test_set.tokens) for models in trained)
        verdicts |= {i: validate_example(plans[i], test_set, before[i], after[i], config) for i in window}
        accepted = [i for i, verdict in verdicts.items() if verdict["accepted"]]
    accepted = accepted[: config["num_examples"]]
    chosen = [{i: models[i] for i in accepted} for models in stages]
    signed = [sign(models, probes.tokens, extractor, signature["activations"]) for models in chosen]
    facts = {
        "seed": config["seed"],
        "config_sha256": science_digest(config),
        "code_sha256": science_code_digest(SCRIPTS),
    }
    provenance = {key: facts[key] for key in sorted(facts)} | {"signature_dataset": digest}
    formatter = TrainingDataFormatter(
        config, sampler.space, extractor, provenance, token_counter(config["format"]["tokenizer"])
    )
    windows: dict[int, list[int]] = {}
    for i in accepted:
        windows.setdefault(i // size, []).append(i)
    for window, ids in windows.items():
        by_split: dict[str, list] = {}
        for i in ids:
            split = split_of(config["seed"], i, plans[i].selected_patterns, **config["splits"])
            stats = examples[i][1].corruption_stats()
            record = formatter.format(
                plans[i], verdicts[i], stats, (stages[0][i], stages[1][i]), (signed[0][i], signed[1][i])
            )
            by_split.setdefault(split, []).append(record)
        for split, records in by_split.items():
            for table in table_names(config["task_generation"]):
                path = folder / table / split / f"{window:06d}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(parquet_bytes(table, records))
        named = {f"{format_id(i)}/{s}": m[i] for i in ids for s, m in zip(STAGES, stages, strict=True)}
        save_models(folder / "weights" / f"{window:06d}.safetensors", named)
        arrays = signature_arrays(extractor.feature_names, ids, *signed)
        save_npz(folder / "signatures" / f"{window:06d}.npz", arrays)
    tables = {name: describe_file(folder / name) for name in parquet_files(folder)}
    (folder / "README.md").write_text(dataset_card(config, facts, count_rows(tables), None))
    environment = dict(environment_record(config["numerics"], config["device"]))
    write_manifest(folder, {**facts, "config": config, "environment": environment})


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
