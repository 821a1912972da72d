"""Records made again from configuration and seed alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from subject_zoo.figure_check import SEQUENCES
from subject_zoo.parsed_weights import weights_difference
from subject_zoo.record_check import RecordChecker
from subject_zoo.shard_reader import STAGES
from subject_zoo.stages import train_degraded, train_improved
from subject_zoo.weights import StoredModel

# In another environment rounding differs from the first step on, and the weights with it; what is learnt is the
# same. Of 24 examples trained with torch's AVX2 and with its plain kernels, accuracies differed by 0.017 at most.
RETRAINED_TOLERANCE = 0.1


def check_retrained(
    checker: RecordChecker, stored: Mapping[int, tuple[StoredModel, StoredModel]], device: str
) -> Iterator[tuple[int, str]]:
    """(example id, what differs) of the stored degraded and improved models that training again does not give.

    Bit for bit, learning curves included, in an equal environment; else by their accuracies, within
    RETRAINED_TOLERANCE and SEQUENCES test sequences (some patterns have a handful).
    """
    config = checker.config
    plans = {example_id: checker.plan(example_id) for example_id in stored}
    examples = {example_id: (plan, checker.sampler.sample(plan)) for example_id, plan in plans.items()}
    degraded = train_degraded(config, examples, device)
    improved = train_improved(config, examples, degraded, device)
    for example_id, models in stored.items():
        if example_id not in improved:
            yield example_id, "would not have been trained: its prompt could never fit format.max_prompt_chars"
            continue
        again = (degraded[example_id], improved[example_id])
        if checker.equal_environment:
            differences = _different_models(models, again)
        else:
            differences = _different_figures(*(checker.measure(plans[example_id], pair) for pair in (models, again)))
        yield from ((example_id, what) for what in differences)


def _different_models(stored: tuple[StoredModel, StoredModel], again: tuple[StoredModel, StoredModel]) -> Iterator[str]:
    for stage, there, made in zip(STAGES, stored, again, strict=True):
        if difference := weights_difference(there.weights, made.weights):
            yield f"trained again, the {stage} model is another: {difference}"
        elif there.training != made.training:
            yield f"trained again, the {stage} model has other learning curves"


def _different_figures(stored: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[str]:
    for stage in STAGES:
        for name, there in stored[stage]["accuracy"].items():
            made = again[stage]["accuracy"][name]
            tolerance = RETRAINED_TOLERANCE + SEQUENCES / max(stored["test_sequences"][name], 1)
            if abs(there - made) > tolerance:
                yield f"trained again, the {stage} model's accuracy on {name} is {made} instead of {there}"
