"""A dataset folder checked from its manifest down to the training of its models: the chain, backwards.

for problem in verify(Path("results/dataset"), print):
    print(problem)
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.base.lines import one_line
from subject_zoo.dataset.cost import is_long_training
from subject_zoo.dataset.layout import SIGNATURE_DATASET, VALIDITY
from subject_zoo.dataset.received import Received
from subject_zoo.project import Project
from subject_zoo.provenance.machine import check_maker
from subject_zoo.verification.environment import compare_environments
from subject_zoo.verification.folder import check_facts, check_files
from subject_zoo.verification.pictures import check_pictures
from subject_zoo.verification.problem import Problem
from subject_zoo.verification.processes import check_shards
from subject_zoo.verification.reader import ShardReader
from subject_zoo.verification.records import RecordChecker
from subject_zoo.verification.retraining import check_retrained, choose_records
from subject_zoo.verification.sequences import check_sequences
from subject_zoo.verification.shards import ShardChecker
from subject_zoo.verification.validity import check_validity
from subject_zoo.verification.values import TOLERANCES

Tell = Callable[[str], None]


def verify(
    folder: Path,
    tell: Tell,
    retrained: int = 5,
    seed_of_choice: int | None = None,
    trusted: bool = False,
    processes: int = 1,
) -> Iterator[Problem]:
    """Every problem of a dataset folder, as it is found; `tell` is given lines on what was and was not compared.

    `retrained` records, chosen at random, are made again from configuration and seed. Bits are compared where the
    manifest's environment and code are those here. Nothing outside the folder is read, and only so much of it as takes
    each of so many `processes` less than a gigabyte, unless it is `trusted`. Raises UserError for a folder without a
    readable manifest.
    """
    received = Received(folder, trusted)
    manifest = received.manifest()
    yield from check_facts(received, manifest)
    yield from check_files(received, manifest["files"])
    yield from check_pictures(received, manifest["files"])
    if not manifest["finished"]:
        asked = manifest["config"]["num_examples"]
        tell(f"unfinished: {manifest['num_examples']} of the {asked} records that were asked for stand here")

    differences = compare_environments(manifest)
    if differences:
        tell(f"another environment or code made this dataset ({'; '.join(differences)}): {TOLERANCES}")
    try:
        project = project_of(manifest, received)
        records = RecordChecker(project, equal_environment=not differences)
    except UserError as error:
        tell(f"records are not checked: {one_line(error)}")
        yield Problem(SIGNATURE_DATASET, "cannot be used, so records are not checked")
        return
    if records.unchecked:
        tell(records.unchecked)
    if records.shuffled:
        but = "" if records.equal_environment else "; what the first of a split shows is not compared"
        tell(f"a control (format.shuffle: networks): prompts show the network of the record before in the split{but}")
    yield from check_sequences(received, project)

    reader = ShardReader(received, manifest, project.extractor.feature_names)
    shards = ShardChecker(manifest["config"], records)
    yield from check_shards(shards, reader, processes)
    tell(f"{len(shards.places)} records in {len(reader.shards)} shards were checked")
    if VALIDITY in manifest["files"]:
        if records.verdicts and set(records.verdicts) == set(shards.places):
            yield from check_validity(received, manifest, records)
        else:
            tell(f"{VALIDITY} is not checked: not all records can be")

    if retrained and is_long_training(manifest["config"]) and not trusted:
        tell("no record is trained again: by the manifest's configuration that would take long; --trust does it")
    elif retrained and (why := _no_maker(manifest["config"]["training"]["maker"])):
        tell(f"no record is trained again: {why}")
    elif retrained:
        chosen = choose_records(shards.places, retrained, seed_of_choice, tell)
        yield from check_retrained(records, reader, chosen, tell)


def _no_maker(name: str) -> str | None:
    """Why networks of a `training.maker` cannot be made here; None where they can."""
    try:
        check_maker(name)
    except UserError as error:
        return str(error)
    return None


def project_of(manifest: Mapping[str, Any], folder: Received) -> Project:
    """The project that a manifest's dataset was made by; records say where they come from as it does. Raises UserError
    where its probes cannot be used."""
    provenance = {key: manifest[key] for key in ("code_sha256", "config_sha256", "seed")}
    provenance["signature_dataset"] = manifest["signature_dataset_sha256"]
    return folder.project(manifest["config"], provenance)
