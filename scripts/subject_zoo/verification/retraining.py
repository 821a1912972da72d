"""Records made again from configuration and seed alone."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from subject_zoo import chain
from subject_zoo.base.ids import format_id
from subject_zoo.base.terms import STAGES
from subject_zoo.records.parser import weights_difference
from subject_zoo.verification.environment import usable_device
from subject_zoo.verification.problem import Problem
from subject_zoo.verification.reader import ShardReader
from subject_zoo.verification.records import RecordChecker, StageModels
from subject_zoo.verification.shards import ShardChecker, models_of
from subject_zoo.verification.values import RETRAINED_TOLERANCE, TOLERATED_SEQUENCES

Places = Mapping[int, tuple[str, str, int]]  # (shard, Parquet file, row) by example id


def choose_records(
    places: Places, wanted: int, seed_of_choice: int | None, tell: Callable[[str], None]
) -> dict[int, tuple[str, str, int]]:
    """The places of records to train again, chosen at random."""
    seed = secrets.randbelow(2**32) if seed_of_choice is None else seed_of_choice
    chosen: list[int] = sorted(np.random.default_rng(seed).permutation(sorted(places))[:wanted].tolist())
    tell(f"to train again, --seed-of-choice {seed} chose {', '.join(map(format_id, chosen)) or 'none'}")
    return {example_id: places[example_id] for example_id in chosen}


def check_retrained(
    checked: Sequence[tuple[ShardChecker, ShardReader]], chosen: Places, tell: Callable[[str], None]
) -> Iterator[Problem]:
    """The stored models that training again does not give, of the chosen records; `checked` are those of all parts.

    Bit for bit, learning curves included, in an equal environment; else by their accuracies, within
    RETRAINED_TOLERANCE and TOLERATED_SEQUENCES test sequences (some patterns have a handful).
    """
    trained = 0
    for checker, reader in checked:
        records, first, stored = checker.records, checker.part.first_example_id, {}
        for example_id in sorted(checker.places.keys() & chosen.keys()):
            models = reader.models(chosen[example_id][0])
            own = {} if isinstance(models, Problem) else models_of(example_id, models, reader.asked)
            if own and not any(records.check_models(example_id - first, own)):
                stored[example_id - first] = own  # else there is a problem already
        for own_id, what in _differences(records, stored):
            _, file, row = chosen[first + own_id]
            yield Problem(file, what, row, first + own_id)
        trained += len(stored)
    tell(f"{trained} records were trained again")


def _differences(records: RecordChecker, stored: Mapping[int, StageModels]) -> Iterator[tuple[int, str]]:
    project = records.project
    project.device = usable_device(project.config["device"])
    examples = chain.sample_dataset(project, stored)
    degraded = chain.train_degraded(project, examples)
    improved = chain.train_improved(project, examples, degraded)
    for example_id, models in stored.items():
        if example_id not in improved:
            yield example_id, "would not have been trained: its prompt could never fit format.max_prompt_chars"
            continue
        made = {"degraded": degraded[example_id], "improved": improved[example_id]}
        again = {stage: made[stage] for stage in models}
        if records.equal_environment:
            differences = _different_models(models, again)
        else:
            differences = _different_figures(records.measure(example_id, models), records.measure(example_id, again))
        yield from ((example_id, what) for what in differences)


def _different_models(stored: StageModels, again: StageModels) -> Iterator[str]:
    for stage, there in stored.items():
        if difference := weights_difference(there.weights, again[stage].weights):
            yield f"trained again, the {stage} model is another: {difference}"
        elif there.training != again[stage].training:
            yield f"trained again, the {stage} model has other learning curves"


def _different_figures(stored: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[str]:
    for stage in [stage for stage in STAGES if stage in stored]:
        for name, there in stored[stage]["accuracy"].items():
            made = again[stage]["accuracy"][name]
            tolerance = RETRAINED_TOLERANCE + TOLERATED_SEQUENCES / max(stored["test_sequences"][name], 1)
            if abs(there - made) > tolerance:
                yield f"trained again, the {stage} model's accuracy on {name} is {made} instead of {there}"
