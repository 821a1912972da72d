"""A dataset folder checked from its manifest down to the training of its models."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from subject_zoo.devices import use_device
from subject_zoo.errors import UserError
from subject_zoo.example_ranges import format_id
from subject_zoo.figure_check import BACKGROUND_TOLERANCE, SEQUENCES
from subject_zoo.folder_check import check_facts, check_files, read_manifest
from subject_zoo.numerics import environment_record
from subject_zoo.problem import Problem
from subject_zoo.record_check import FEATURE_TOLERANCE, RecordChecker
from subject_zoo.retraining import RETRAINED_TOLERANCE, check_retrained
from subject_zoo.science_code import science_code_digest
from subject_zoo.shard_check import ShardChecker
from subject_zoo.shard_reader import STAGES, read_models

SCRIPTS = Path(__file__).parents[1]
Tell = Callable[[str], None]


def verify(folder: Path, tell: Tell, retrained: int = 5, seed_of_choice: int | None = None) -> Iterator[Problem]:
    """Every problem of a dataset folder, as it is found; `tell` is given lines on what was and was not compared.

    `retrained` records, chosen at random, are made again from configuration and seed. Bits are compared where the
    manifest's environment and code are this process's, whose environment variables must be those of
    `subject_zoo.numerics.environment_variables`. Raises UserError for a folder without a readable manifest.
    """
    manifest = read_manifest(folder)
    yield from check_facts(folder, manifest)
    yield from check_files(folder, manifest["files"])
    device, differences = compare_environments(manifest)
    if differences:
        tell(
            f"another environment or code made this dataset ({'; '.join(differences)}): compared are accuracies and "
            f"rates within {SEQUENCES} test sequences (background {BACKGROUND_TOLERANCE}), smooth features within "
            f"{FEATURE_TOLERANCE}, accuracies of retrained models within {RETRAINED_TOLERANCE}"
        )
    try:
        records = RecordChecker(folder, manifest, equal_environment=not differences)
    except UserError as error:
        tell(f"records are not checked: {error}")
        yield Problem("signature_dataset.json", "cannot be used, so records are not checked")
        return
    if records.unchecked:
        tell(records.unchecked)
    yield from _check_sampled(folder, manifest["config"], records)
    shards = ShardChecker(folder, manifest, records)
    for shard in shards.shards:
        yield from shards.check(shard)
    tell(f"{len(shards.places)} records in {len(shards.shards)} shards were checked")
    if retrained:
        yield from _retrain(folder, shards, device, retrained, seed_of_choice, tell)


def compare_environments(manifest: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The device to train on, and what of environment and code is not as in the manifest, a phrase each."""
    config = manifest["config"]
    try:
        device = use_device(config["device"])
        here = dict(environment_record(config["numerics"], device))
    except UserError:  # trained on a device that this machine lacks
        device = use_device("cpu")
        here = dict(environment_record(config["numerics"], device))
    there = manifest["environment"]
    pairs = {key: (there.get(key), here.get(key)) for key in {**there, **here}}
    pairs["code"] = manifest["code_sha256"][:12], science_code_digest(SCRIPTS)[:12]
    return device, [f"{key} was {was}, is {is_}" for key, (was, is_) in pairs.items() if was != is_]


def _check_sampled(folder: Path, config: Mapping[str, Any], records: RecordChecker) -> Iterator[Problem]:
    """Whether the folder's two sets of sequences are those that the seed draws."""
    signature, benchmark, sampler = config["signature"], config["benchmark"], records.sampler
    drawn = {
        "benchmark_dataset.json": sampler.benchmark_dataset(
            benchmark["samples_per_pattern"], benchmark["patterns"] or config["patterns"]["enabled"]
        )
    }
    if signature["dataset_path"] is None:
        drawn["signature_dataset.json"] = sampler.signature_dataset(
            signature["probes_per_pattern"], signature["background_probes"]
        )
    for name, expected in drawn.items():
        try:
            actual = json.loads((folder / name).read_bytes())
        except (OSError, ValueError, RecursionError):
            continue  # its hash is a problem already
        if actual != expected:
            yield Problem(name, "not what configuration and seed draw")


def _retrain(
    folder: Path, shards: ShardChecker, device: str, wanted: int, seed_of_choice: int | None, tell: Tell
) -> Iterator[Problem]:
    seed = secrets.randbelow(2**32) if seed_of_choice is None else seed_of_choice
    chosen = sorted(np.random.default_rng(seed).permutation(sorted(shards.places))[:wanted].tolist())
    tell(f"to train again, --seed-of-choice {seed} chose {', '.join(map(format_id, chosen)) or 'none'}")
    stored = {}
    for example_id in chosen:
        models = read_models(folder, f"weights/{Path(shards.places[example_id][0]).stem}.safetensors")
        names = [f"{format_id(example_id)}/{stage}" for stage in STAGES]
        if isinstance(models, Problem) or not all(name in models for name in names):
            continue  # a problem already, as are models that cannot be run
        pair = tuple(models[name] for name in names)
        if not any(shards.records.check_models(shards.records.plan(example_id), pair)):
            stored[example_id] = pair
    for example_id, what in check_retrained(shards.records, stored, device):
        file, row = shards.places[example_id]
        yield Problem(file, what, row, example_id)
    tell(f"{len(stored)} records were trained again")
