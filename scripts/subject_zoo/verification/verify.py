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
from subject_zoo.dataset.layout import SIGNATURE_DATASET, VALIDITY, shards_in
from subject_zoo.dataset.parts import Part, parts_of, shards_of_parts
from subject_zoo.dataset.received import Received
from subject_zoo.project import Project
from subject_zoo.provenance.machine import check_maker
from subject_zoo.verification.environment import compare_environments
from subject_zoo.verification.folder import check_facts, check_files, check_parts
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

# Of a project, what its parts have in common, being of one shared seed: pools take a second to draw, and much memory.
_SHARED = ("pools", "exam", "probes", "extractor")

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

    if problem := check_parts(manifest):
        tell("records are not checked: the parts do not fit together")
        yield problem
        return
    parts = parts_of(manifest)
    tell_once = _once(tell)
    try:
        records = [_records_of(part, received, tell_once) for part in parts]
    except UserError as error:
        tell(f"records are not checked: {one_line(error)}")
        yield Problem(SIGNATURE_DATASET, "cannot be used, so records are not checked")
        return
    for other in records[1:]:
        for name in _SHARED:
            setattr(other.project, name, getattr(records[0].project, name))
    yield from check_sequences(received, records[0].project)

    names = records[0].project.extractor.feature_names
    by_part = shards_of_parts(parts, shards_in(manifest["files"]))
    checked = [
        (ShardChecker(part, own), ShardReader(received, manifest, names, shards))
        for part, own, shards in zip(parts, records, by_part, strict=True)
    ]
    for checker, reader in checked:
        yield from check_shards(checker, reader, processes)
        vars(checker.records.project).pop("sampler", None)  # each seed has its own, and there may be many
    places = {example_id: place for checker, _ in checked for example_id, place in checker.places.items()}
    tell(f"{len(places)} records in {sum(map(len, by_part))} shards were checked")
    if VALIDITY in manifest["files"]:
        if places and all(checker.knows_all_verdicts for checker, _ in checked):
            yield from check_validity(received, manifest, [(c.part, c.records.verdicts) for c, _ in checked])
        else:
            tell(f"{VALIDITY} is not checked: not all records can be")

    if retrained and is_long_training(manifest["config"]) and not trusted:
        tell("no record is trained again: by the manifest's configuration that would take long; --trust does it")
    elif retrained and (why := _no_maker(manifest["config"]["training"]["maker"])):
        tell(f"no record is trained again: {why}")
    elif retrained:
        yield from check_retrained(checked, choose_records(places, retrained, seed_of_choice, tell), tell)


def _once(tell: Tell) -> Tell:
    """Tells no line a second time."""
    told: set[str] = set()

    def tell_once(line: str) -> None:
        if line not in told:
            told.add(line)
            tell(line)

    return tell_once


def _records_of(part: Part, folder: Received, tell: Tell) -> RecordChecker:
    """What checks a part's records. Raises UserError where its probes cannot be used."""
    differences = compare_environments(part.facts)
    if differences:
        tell(f"another environment or code made this dataset ({'; '.join(differences)}): {TOLERANCES}")
    records = RecordChecker(project_of(part.facts, folder), equal_environment=not differences)
    if records.unchecked:
        tell(records.unchecked)
    if records.shuffled:
        but = "" if records.equal_environment else "; what the first of a split shows is not compared"
        tell(f"a control (format.shuffle: networks): prompts show the network of the record before in the split{but}")
    return records


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
