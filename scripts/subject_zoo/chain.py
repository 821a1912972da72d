"""How an example is made: six steps, each from what those before it made, for any examples at once.

    project = Project.from_config("config.yaml")
    made = make_examples(project, range(10))

This is the whole program on one page. Each step is a rule of the workflow too, of the same name, whose script loads a
range's files, calls the function here and saves what it gives. What a step makes of an example does not depend on the
other examples.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from subject_zoo.base.terms import ABLATION, AUDIT, EXACT, STAGES
from subject_zoo.config.tasks import published_stages, signed_stages
from subject_zoo.evaluation.ablation import ablation_effects
from subject_zoo.evaluation.audit import audit_sequences
from subject_zoo.evaluation.diagnosis import measure_fault
from subject_zoo.evaluation.exam import classify
from subject_zoo.evaluation.gates import reject_untrained, validate_example
from subject_zoo.evaluation.simple_repairs import Fault, simple_repairs
from subject_zoo.evaluation.whole_space import measure_exactly
from subject_zoo.examples.plan import ExamplePlan, draw_plan
from subject_zoo.examples.sampler import Example
from subject_zoo.networks.model import StoredModel
from subject_zoo.project import Project
from subject_zoo.signatures.sign import sign
from subject_zoo.training import stages

Examples = Mapping[int, Example]  # all by example id
Models = Mapping[int, StoredModel]
Verdicts = Mapping[int, dict[str, Any]]
Signatures = Mapping[int, Mapping[str, np.ndarray]]  # float32 [neurons, F] by stage of the model
Record = dict[str, Any]


def sample_dataset(project: Project, example_ids: Iterable[int]) -> dict[int, Example]:
    """The plan of each example, drawn from the seed, and the dataset that its models are trained on."""
    plans = [draw_plan(project.config["seed"], example_id, project.config) for example_id in example_ids]
    return {plan.example_id: (plan, project.sampler.sample(plan)) for plan in plans}


def train_degraded(project: Project, examples: Examples) -> dict[int, StoredModel]:
    """Stage 1: models trained on corrupted labels, on clean ones where no modification is asked for; none of a network
    whose prompt could never fit."""
    return stages.train_degraded(project.config, examples, project.device)


def train_improved(project: Project, examples: Examples, degraded: Models) -> dict[int, StoredModel]:
    """Stage 2: the degraded models trained on, with clean labels; as they are where no modification is asked for."""
    return stages.train_improved(project.config, examples, degraded, project.device)


def validate(project: Project, examples: Examples, degraded: Models, improved: Models) -> dict[int, dict[str, Any]]:
    """The verdict on each example: every figure measured, accepted or not, and why not."""
    config, exam = project.config, project.exam
    published = _published(project, degraded, improved)
    positive = classify(improved, exam.tokens)
    verdicts = {}
    for example_id, (plan, dataset) in examples.items():
        if example_id not in improved:
            verdicts[example_id] = reject_untrained(plan, config["task_generation"])
            continue
        if (fault := _fault(project, plan, degraded)) is None:
            verdict = validate_example(plan, exam, None, positive[example_id], config)
        else:
            find_repairs = partial(simple_repairs, fault)
            find_fault = partial(
                measure_fault, fault.degraded, exam.pools, fault.target_pattern, fault.selected_patterns
            )
            verdict = validate_example(
                plan, exam, fault.positive, positive[example_id], config, find_repairs, find_fault
            )
        if config["validation"]["exact"]:
            models = {stage: of_stage[example_id] for stage, of_stage in published.items()}
            verdict[EXACT] = measure_exactly(project.whole_space, models, verdict)
        if config["validation"]["ablation"] and verdict["accepted"]:
            verdict[ABLATION] = silence(project, example_id, degraded, improved, verdict)
        verdicts[example_id] = verdict | {AUDIT: audit_sequences(dataset, exam)}
    return verdicts


def silence(
    project: Project, example_id: int, degraded: Models, improved: Models, verdict: Mapping[str, Any]
) -> dict[str, Any]:
    """What silencing each hidden neuron of an example's published models takes from the accuracies in its verdict, by
    stage."""
    return {
        stage: ablation_effects(of_stage[example_id], project.exam, verdict[stage]["accuracy"])
        for stage, of_stage in _published(project, degraded, improved).items()
    }


def _published(project: Project, degraded: Models, improved: Models) -> dict[str, Models]:
    """The models that are measured and published, by stage."""
    made = dict(zip(STAGES, (degraded, improved), strict=True))
    return {stage: made[stage] for stage in published_stages(project.config["task_generation"])}


def _fault(project: Project, plan: ExamplePlan, degraded: Models) -> Fault | None:
    """What there is to mend of an example's degraded model, if it has one."""
    if plan.target_pattern is None:
        return None
    return Fault(
        degraded[plan.example_id],
        plan.selected_patterns,
        plan.target_pattern,
        project.exam,
        project.config["validation"],
        claim=project.config["task_generation"]["include_classification"],
    )


def accepted_ids(verdicts: Verdicts) -> list[int]:
    """The examples that passed all gates."""
    return [example_id for example_id, verdict in verdicts.items() if verdict["accepted"]]


def extract_signatures(
    project: Project, example_ids: Collection[int], degraded: Models, improved: Models
) -> dict[int, dict[str, np.ndarray]]:
    """The activation signatures of those models of these examples that a prompt shows, by stage."""
    signature, made = project.config["signature"], dict(zip(STAGES, (degraded, improved), strict=True))
    signed = {
        stage: sign(
            {i: made[stage][i] for i in example_ids},
            project.probes.tokens,
            project.extractor,
            signature["activations"],
            signature["layers"],
        )
        for stage in signed_stages(project.config["task_generation"])
    }
    return {i: {stage: of_stage[i] for stage, of_stage in signed.items()} for i in example_ids}


def format_records(
    project: Project,
    examples: Examples,
    degraded: Models,
    improved: Models,
    verdicts: Verdicts,
    signatures: Signatures,
) -> Iterator[Record]:
    """The records of the examples that have signatures, one after the other, without those that exceed
    `format.max_prompt_chars`."""
    published = _published(project, degraded, improved)
    for example_id, signed in signatures.items():
        plan, dataset = examples[example_id]
        models = {stage: of_stage[example_id] for stage, of_stage in published.items()}
        record = project.formatter.format(plan, verdicts[example_id], dataset.corruption_stats(), models, signed)
        if project.formatter.fits(record):
            yield record


@dataclass(frozen=True)
class MadeExamples:
    """What the six steps made, by example id; `signatures` and `records` of accepted examples alone."""

    examples: Examples
    degraded: Models
    improved: Models
    verdicts: Verdicts
    signatures: Signatures
    records: Sequence[Record]


def make_examples(project: Project, example_ids: Iterable[int]) -> MadeExamples:
    """All six steps."""
    return MadeExamples(*(made for _, made in steps(project, example_ids)))


def steps(project: Project, example_ids: Iterable[int], sign_rejected: bool = False) -> Iterator[tuple[str, Any]]:
    """The steps one after the other, each as its name and what it made: to be timed, or left off after any.

    With `sign_rejected`, examples that fail the gates get signatures and records too.
    """
    yield "sample_dataset", (examples := sample_dataset(project, example_ids))
    yield "train_degraded", (degraded := train_degraded(project, examples))
    yield "train_improved", (improved := train_improved(project, examples, degraded))
    yield "validate", (verdicts := validate(project, examples, degraded, improved))
    chosen = list(improved) if sign_rejected else accepted_ids(verdicts)
    yield "extract_signatures", (signatures := extract_signatures(project, chosen, degraded, improved))
    yield "format_records", list(format_records(project, examples, degraded, improved, verdicts, signatures))
