"""The ladder: how far programs get on the tasks that know little of networks, and what the truth scores.

    report = ladder(Path("results/dataset"), QUICK)

An interpreter is worth what it has above the best rung. Its records are not those of the folder: the folder's
configuration makes as many as are needed, and the networks tested have ids that no training record has.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from subject_zoo import __version__
from subject_zoo.base.errors import UserError
from subject_zoo.base.files import digest_of
from subject_zoo.config.sections import differences
from subject_zoo.config.seeds import shared_seed
from subject_zoo.config.tasks import left_out_tasks, tasks_of
from subject_zoo.dataset.cost import is_long_training
from subject_zoo.dataset.layout import MANIFEST, SIGNATURE_DATASET
from subject_zoo.dataset.manifest import TRUST
from subject_zoo.dataset.received import Received
from subject_zoo.dataset.standing import version_tag
from subject_zoo.judge import repairs
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.diagnosing import RUNGS, Diagnosable
from subject_zoo.judge.intervals import ends_of, mean_interval, values_of
from subject_zoo.judge.material import Accepted, accepted_examples
from subject_zoo.judge.modification import score_repair
from subject_zoo.judge.noise import noise_ceiling
from subject_zoo.judge.reading import NETS, Readable, figures, readers

Tell = Callable[[str], None]
Origin = tuple[Path, Mapping[str, Any]]  # a dataset's folder, and the configuration that its records are made by


@dataclass(frozen=True)
class Effort:
    """How much is learned from and tested.

    sizes            training records, the largest last
    tested           other records, of which `repaired` are mended
    seeds            of the readers, and of the choice of what they learn from
    steps            of training of the readers that are nets, at the largest size; fewer at others, by its square root
    repair_steps     of training of the learned repair
    diagnosis_steps  of training of the readers that find faults
    nets_everywhere  whether these read at all sizes and both splits, not just at the largest size, split by example
    """

    sizes: tuple[int, ...]
    tested: int
    repaired: int
    seeds: int
    steps: int
    repair_steps: int
    diagnosis_steps: int
    nets_everywhere: bool


QUICK = Effort(
    sizes=(100, 300, 1000),
    tested=2000,
    repaired=300,
    seeds=1,
    steps=400,
    repair_steps=1500,
    diagnosis_steps=1500,
    nets_everywhere=False,
)
FULL = Effort(
    sizes=(100, 300, 900, 2700),
    tested=2000,
    repaired=1000,
    seeds=3,
    steps=1500,
    repair_steps=7_000,
    diagnosis_steps=6000,
    nets_everywhere=True,
)


_READ_ALIKE = ("seed", "shared_seed", "patterns.", "dataset.", "signature.", "task_generation.", "model.input_encoding")


def ladder(
    folder: Path,
    effort: Effort,
    tell: Tell = lambda line: None,
    trusted: bool = False,
    tested_on: Path | None = None,
) -> dict[str, Any]:
    """The report of all rungs for a dataset folder's configuration, JSON-ready; `tell` is told what goes on. Tested are
    records of another folder's, where one is `tested_on`: of networks that were made otherwise.

    `classification`, `modification` and, where the dataset has it, `diagnosis` have each rung's figures at the largest
    size, where several programs read one rung those of the best; `rows` all of classification's; `left_out` the rungs
    and kinds of readers that are missing, or a whole task that the dataset lacks, and why. Raises UserError for a
    folder that cannot be used, or where a package is missing.
    """
    readers()  # says what is missing before the work
    received = Received(folder, trusted)
    other = received if tested_on is None else Received(tested_on, trusted)
    (manifest, config), (_, tested) = _manifest_of(received), _manifest_of(other)
    seeded = [{**one, "shared_seed": shared_seed(one)} for one in (config, tested)]  # null is the seed
    if unlike := [what for what in differences(*seeded) if what.startswith(_READ_ALIKE)]:
        raise UserError(f"{tested_on}: its records are not read as those of {folder}: {', '.join(unlike)}")
    for key, words in (("num_layers", "deeper"), ("neurons_per_layer", "wider")):
        if tested["model"][key][1] > config["model"][key][1]:
            raise UserError(
                f"{tested_on}: its networks may be {words} than those of {folder}, by model.{key}, and no program that "
                "learned from these reads such ones"
            )
    projects = [one.project(made_by) for one, made_by in ((received, config), (other, tested))]
    bench = Bench(projects[1], fresh_seed=1)  # whose gates accepted what is mended
    training, test = _examples((folder, config), (other.path, tested), effort, tell)
    tasks, missing = tasks_of(config["task_generation"]), left_out_tasks(config["task_generation"])
    rows, mended, noise = [], {}, {}
    diagnosed: dict[str, Any] = {}
    if "classification" in tasks:
        readable = Readable([*training, *test], bench)
        rows, missing = list(_classified(readable, effort, tell)), missing | readable.left_out
    if "modification" in tasks:
        tell("mending networks")
        mended = dict(_mended(training, test[: effort.repaired], bench, effort.repair_steps))
        tell("training networks a second time")
        noise = noise_ceiling([one.case for one in test[: effort.repaired]], projects[1])
    if "diagnosis" in tasks:
        diagnosable = Diagnosable(training, test, bench)
        for rung in RUNGS:
            tell(f"{rung} diagnoses networks")
            diagnosed[rung] = diagnosable.figures(rung, effort.seeds, effort.diagnosis_steps)
    return {
        "version": __version__,
        "dataset": {"tag": version_tag(manifest), "manifest_sha256": digest_of(received.read(MANIFEST))},
        **({} if tested_on is None else {"tested_on": {"manifest_sha256": digest_of(other.read(MANIFEST))}}),
        "effort": vars(effort),
        "classification": _best(rows, effort.sizes[-1]),
        "left_out": missing,
        "modification": mended,
        **({"diagnosis": diagnosed} if diagnosed else {}),
        "rows": rows,
        "noise": noise,
    }


def _manifest_of(folder: Received) -> tuple[dict[str, Any], dict[str, Any]]:
    """A folder's manifest, and the configuration that its records are made by. Raises UserError where that would take
    long, and where prompts do not show what rungs read."""
    manifest = folder.manifest()
    config = manifest["config"]
    if config["format"]["shuffle"] != "none":
        raise UserError(
            f"{folder.path}: its prompts show other records' networks (format.shuffle), and rungs read each record's "
            "own; measure the ladder of a dataset that is no control"
        )
    if is_long_training(config) and not folder.trusted:
        raise UserError(f"{folder.path}: by its configuration, training would take long; {TRUST}")
    return manifest, {**config, "format": {**config["format"], "tokenizer": None}}  # no rung counts tokens


def _examples(learned: Origin, tested: Origin, effort: Effort, tell: Tell) -> tuple[list[Accepted], list[Accepted]]:
    """(examples to learn from, examples to test), whose ids are higher, so that they are other draws."""
    largest = effort.sizes[-1]
    tell(f"making {largest + effort.tested} records, {largest} to learn from and {effort.tested} to test")
    (folder, config), (other, other_config) = learned, tested
    training = list(islice(accepted_examples(config, folder / SIGNATURE_DATASET), largest))
    first = training[-1].case.example_id + 1
    test = list(islice(accepted_examples(other_config, other / SIGNATURE_DATASET, first), effort.tested))
    return training, test


def _classified(readable: Readable, effort: Effort, tell: Tell) -> Iterator[dict[str, Any]]:
    """The rows of classification: split by example at each size, and by combination at the largest."""
    place, largest = np.arange(len(readable.labels)), effort.sizes[-1]
    parts = [("example", size, place[:largest], place[largest:]) for size in effort.sizes]
    known, fresh = place[:largest][~readable.is_held_out[:largest]], place[largest:][readable.is_held_out[largest:]]
    if len(known) and len(fresh):
        parts.append(("combination", len(known), known, fresh))
    for split, size, pool, tested in parts:
        with_nets = effort.nets_everywhere or (split, size) == ("example", largest)
        for rung, kind in ((rung, kind) for rung, kinds in readable.kinds.items() for kind in kinds):
            if kind in NETS and not with_nets:
                continue
            tell(f"{rung} read by {kind}, {size} records learned, split by {split}")
            answers, steps = [], round(effort.steps * math.sqrt(size / largest))
            for seed in range(effort.seeds):  # which chooses the records too
                learned = np.sort(np.random.default_rng(seed).permutation(pool)[:size])
                answers.append(readable.answers(rung, kind, learned, tested, seed, steps))
            row = figures(readable.labels[tested], answers)
            yield {"split": split, "training": size, "rung": rung, "kind": kind, **row}


def _best(rows: Sequence[Mapping[str, Any]], size: int) -> dict[str, Any]:
    """Of each rung the row with the best macro F1, split by example, at the largest size."""
    found: dict[str, Any] = {}
    for row in rows:
        if row["split"] == "example" and row["training"] == size:
            rung = row["rung"]
            if rung not in found or row["macro_f1"] > found[rung]["macro_f1"]:
                found[rung] = dict(row)
    return found


def _mended(
    training: Sequence[Accepted], test: Sequence[Accepted], bench: Bench, steps: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each rung of modification with its figures. A rung passes where any of its answers does."""
    rungs: dict[str, repairs.Rung] = {
        "copy": repairs.copy,
        "mean_repair": repairs.mean_repair(training),
        "bias_shift": repairs.bias_shift(bench),
        "one_output_weight": repairs.one_output_weight(bench),
        "output_refit": repairs.output_refit(bench),
        "learned": repairs.learned(training, bench, steps),
        "true": repairs.true,
        "other_repair": repairs.other_repair(training),
    }
    for name, rung in rungs.items():
        scores = [[score_repair(one.case, weights, bench) for weights in rung(one.case)] for one in test]
        shares = {
            key: mean_interval(np.array([any(answer[key] for answer in answers) for answers in scores], np.float64))
            for key in ("passed", "targeted")
        }
        yield (
            name,
            {"records": len(test), **values_of(shares), "intervals": ends_of(shares)},
        )
