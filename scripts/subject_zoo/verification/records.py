"""One record against its exact weights: every step of the chain after training is made again, and compared."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import orjson

from subject_zoo import chain
from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import parse_json
from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import ABLATION, COLUMNS, DATA, PROMPTS, STAGES
from subject_zoo.config.seeds import shared_seed
from subject_zoo.config.tasks import tasks_of
from subject_zoo.dataset.cost import is_long_training
from subject_zoo.dataset.record_summary import summarise_records
from subject_zoo.dataset.shards import table_row, table_schema
from subject_zoo.dataset.splits import of_pair, split_of, traits_of
from subject_zoo.examples.plan import ExamplePlan
from subject_zoo.networks.model import StoredModel
from subject_zoo.project import Project
from subject_zoo.records.parser import parsing_differences
from subject_zoo.records.shuffle import SHOWN_EXAMPLE, with_network_of
from subject_zoo.verification.problem import first_difference
from subject_zoo.verification.values import compare_effects, figure_differences, signature_difference

SHORT_TEXT = 80  # characters that a line shows in full

StageModels = Mapping[str, StoredModel]  # an example's published models by stage
StageSignatures = Mapping[str, np.ndarray]  # and the signatures of those that have one, float32 [neurons, F]


@dataclass(frozen=True)
class Neighbour:
    """The record before another in its split: where `format.shuffle` is networks, the other's prompts show its network.

    `record` has its own prompts; it is None, and there are no models, where it cannot be made again.
    """

    example_id: int
    record: Mapping[str, Any] | None = None
    models: StageModels = field(default_factory=dict)

    @property
    def diagnosed(self) -> str | None:
        """The stage that its diagnosis shows, if it has one."""
        metadata = {} if self.record is None else parse_json(self.record["metadata"])
        return metadata["diagnosis"]["shown"] if "diagnosis" in metadata else None


class RecordChecker:
    """Checks the records of one dataset. `unchecked` says what cannot be, if anything; `verdicts` are those on the
    records checked so far, with their summaries, by example id: of recorded figures, or measured where these are wrong.
    """

    def __init__(self, project: Project, equal_environment: bool) -> None:
        """Raises UserError where the project's signature dataset cannot be used.

        Where `project.count_tokens` is None though the configuration names a tokenizer, it is not to be loaded.
        """
        self.project, self.equal_environment = project, equal_environment
        self.unchecked: str | None = None
        self.shuffled: bool = project.config["format"]["shuffle"] == "networks"
        self.last: Neighbour | None = None  # the record that was checked last
        self._sampled: chain.Examples = {}  # the last one that was asked for
        self.verdicts: dict[int, dict[str, Any]] = {}
        name = project.config["format"]["tokenizer"]
        try:
            if name is not None and project.count_tokens is None:
                self.unchecked = (
                    f"lengths in tokens are not checked: the tokenizer {one_line(name)} is none of the folder's files; "
                    "--trust loads it"
                )
        except UserError as error:
            self.unchecked = f"lengths in tokens are not checked: {one_line(error)}"
            project.count_tokens = None
        _ = project.extractor

    def plan(self, example_id: int) -> ExamplePlan:
        """What the configuration and the seed make of an example."""
        return self._example(example_id)[example_id][0]

    def _example(self, example_id: int) -> chain.Examples:
        """An example by itself, as it is drawn."""
        if example_id not in self._sampled:
            self._sampled = chain.sample_dataset(self.project, [example_id])
        return self._sampled

    def measure(self, example_id: int, models: StageModels) -> dict[str, Any]:
        """The verdict on an example's models."""
        examples = self._example(example_id)
        degraded, improved = _as_made(example_id, models)
        return chain.validate(self.project, examples, degraded, improved)[example_id]

    def check_models(self, example_id: int, models: StageModels) -> Iterator[tuple[str, str]]:
        """(column, what is wrong) of stored weights by themselves; where nothing is, they can be run."""
        architecture = self.plan(example_id).architecture
        for stage, model in models.items():
            column = f"{stage}_model_weights"
            if model.architecture != architecture:
                yield column, f"the {stage} model is not the one that the seed draws: {model.architecture}"
            elif not all(np.isfinite(array).all() for array in model.weights.values()):
                yield column, f"the {stage} weights hold NaN or infinity"
            elif not _can_be_written(model.training):
                yield column, f"the {stage} model's learning curves are none: no record can hold them"

    def split(self, example_id: int) -> str:
        """The split that an example belongs to."""
        plan, config = self.plan(example_id), self.project.config
        twin = None if plan.twin is None else asdict(plan.twin)
        dealt_by, patterns = of_pair(example_id, plan.selected_patterns, twin)
        traits = traits_of(patterns, plan.architecture.to_dict())
        return split_of(shared_seed(config), dealt_by, traits, **config["splits"])

    def neighbour(self, example_id: int, models: StageModels, signatures: StageSignatures) -> Neighbour:
        """An example as the neighbour of the next one in its split, of what is stored of it."""
        if not models or any(self.check_models(example_id, models)):
            return Neighbour(example_id)
        degraded, improved = _as_made(example_id, models)
        examples = self._example(example_id)
        verdicts = chain.validate(self.project, examples, degraded, improved)
        signed = {example_id: signatures}
        records = [*chain.format_records(self.project, examples, degraded, improved, verdicts, signed), None]
        return Neighbour(example_id, records[0], models)

    def check(
        self,
        example_id: int,
        row: Mapping[str, Any],
        models: StageModels,
        signatures: StageSignatures,
        before: Neighbour | None = None,
    ) -> Iterator[tuple[str, str]]:
        """(column, what is wrong) of a record that is not what its stored weights and signatures make of it, and, where
        prompts show other records' networks, those of the one `before` it in its split, None for the first there."""
        self.last = Neighbour(example_id)
        if wrong := list(self.check_models(example_id, models)):
            yield from wrong
            return
        degraded, improved = _as_made(example_id, models)
        yield from self._check_signatures(example_id, degraded, improved, signatures)
        examples = self._example(example_id)
        measured = chain.validate(self.project, examples, degraded, improved)[example_id]
        figures, wrong = self._check_figures(measured, _json_object(row["metadata"]))
        yield from wrong
        if self.project.config["validation"]["ablation"]:
            effects = chain.silence(self.project, example_id, degraded, improved, measured)
            figures[ABLATION] = effects
            if not self.equal_environment:  # else the text tells
                told, further = compare_effects(effects, _json_object(row[ABLATION]), measured["test_sequences"])
                yield from ((ABLATION, what) for what in further)
                figures[ABLATION] = effects if further else told
        if self.unchecked:  # the row's own counts stand in for the tokenizer's
            self.project.formatter.count_tokens = _recorded_counts(row)
        verdicts, signed = {example_id: figures}, {example_id: signatures}
        records = list(chain.format_records(self.project, examples, degraded, improved, verdicts, signed))
        if not records:
            limit = self.project.config["format"]["max_prompt_chars"]
            yield "metadata", f"a prompt is longer than format.max_prompt_chars, {limit}"
        for record in records:
            expected, shown = record, Neighbour(example_id, record, models)
            self.last = shown
            if self.shuffled:
                shown = before or (yield from self._first_shown(example_id, row))
                expected = self._shuffled(row, record, shown)
            self.verdicts |= summarise_records(verdicts, [expected])
            yield from _check_texts(row, expected, models, shown, self.project.config)

    def _first_shown(self, example_id: int, row: Mapping[str, Any]) -> Generator[tuple[str, str], None, Neighbour]:
        """Whose network the first record of a split shows: that one is in no table, and made again from the seed."""
        claimed = _json_object(row["metadata"]).get(SHOWN_EXAMPLE)
        if type(claimed) is not int or not 0 <= claimed < example_id or self.split(claimed) != self.split(example_id):
            yield "metadata", f"{SHOWN_EXAMPLE} is {one_line(repr(claimed))}, no example before it in its split"
            return Neighbour(example_id)
        if not self.equal_environment or is_long_training(self.project.config):
            return Neighbour(claimed)
        made = chain.make_examples(self.project, [claimed])
        if not made.records:
            yield "metadata", f"{SHOWN_EXAMPLE} is {claimed}, which is rejected"
            return Neighbour(claimed)
        models = dict(zip(STAGES, (made.degraded[claimed], made.improved[claimed]), strict=True))
        return Neighbour(claimed, made.records[0], models)

    def _shuffled(self, row: Mapping[str, Any], record: Mapping[str, Any], before: Neighbour) -> dict[str, Any]:
        """The record with its neighbour's network in its prompts; with the one that is there, where that is unknown."""
        count_tokens = self.project.formatter.count_tokens
        if before.record is not None:
            return with_network_of(record, before.record, count_tokens)
        there = {"example_id": before.example_id} | {name: row[name] for name in PROMPTS if name in record}
        try:
            return with_network_of(record, there, count_tokens)
        except ValueError:  # they show nothing
            return with_network_of(record, record, count_tokens)

    def _check_signatures(
        self, example_id: int, degraded: chain.Models, improved: chain.Models, stored: StageSignatures
    ) -> Iterator[tuple[str, str]]:
        try:
            made = chain.extract_signatures(self.project, [example_id], degraded, improved)[example_id]
        except ValueError as error:
            yield f"{next(iter(stored))}_signature", f"the weights have no signature: {error}"
            return
        names = self.project.extractor.feature_names
        for stage, here in made.items():
            if difference := signature_difference(here, stored[stage], names, self.equal_environment):
                yield f"{stage}_signature", f"the {stage} signature's {difference}"

    def _check_figures(
        self, measured: dict[str, Any], recorded: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """The figures to write the record with, the recorded ones where they may stand, and what is wrong with them."""
        wrong = []
        if not measured["accepted"] and self.equal_environment:
            wrong.append(f"its weights do not pass the gates: {', '.join(measured['reasons'])}")
        pools, thresholds = self.project.pools, self.project.config["validation"]
        members = {name: len(rows) for name, rows in zip(pools.names, pools.test_members, strict=True)}
        all_members = self.project.whole_space.members if thresholds["exact"] else None
        differences = list(
            figure_differences(measured, recorded, self.equal_environment, members, thresholds, all_members)
        )
        figures = measured if differences else {key: recorded.get(key, measured[key]) for key in measured}
        return figures, [("metadata", what) for what in (*wrong, *differences)]


def _check_texts(
    row: Mapping[str, Any],
    record: Mapping[str, Any],
    models: StageModels,
    shown: Neighbour,
    config: Mapping[str, Any],
) -> Iterator[tuple[str, str]]:
    """Columns that differ from the record that was made again, and texts that do not parse to the models' weights, or
    prompts to those of the record that is `shown`."""
    asked = config["task_generation"]
    expected = {**_as_read(DATA, record, asked), **record}
    for task in tasks_of(asked):
        expected |= {f"{task}_{column}": value for column, value in _as_read(task, record, asked).items()}
        del expected[f"{task}_example_id"]
    differing = set()
    for column, value in expected.items():
        if row[column] != value:
            differing.add(column)
            yield column, f"{column} {_difference(row[column], value)}"
    as_written = {column: text for column, text in row.items() if column not in differing}
    form = config["format"]["modification_completion"]
    for column, what in parsing_differences(as_written, models, form, shown.models, shown.diagnosed):
        yield column, f"{column}: {what}"


def _can_be_written(value: Any) -> bool:
    """Whether JSON that was read is also written: lists may be too deep, integers too long, texts no Unicode."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True


def _as_made(example_id: int, models: StageModels) -> list[dict[int, StoredModel]]:
    """The degraded and the improved models of one example as the chain's steps take them, those of a stage that is not
    published left out: no step after training asks for them."""
    return [{example_id: models[stage]} if stage in models else {} for stage in STAGES]


def _as_read(table: str, record: Mapping[str, Any], task_generation: Mapping[str, bool]) -> dict[str, Any]:
    """A table's row of a record, as it comes from its file."""
    row = table_row(table, record)
    return {name: row[name] for name in table_schema(table, task_generation).names}


def _recorded_counts(row: Mapping[str, Any]) -> Any:
    """How many tokens each text of a row has, by its own metadata; 0 where that tells nothing likely."""
    lengths = _json_object(row["metadata"]).get("lengths")
    own = lengths if isinstance(lengths, dict) else {}
    counts = {row[name]: own.get(f"{name}_tokens") for name in COLUMNS if name in row}
    return lambda text: count if type(count := counts.get(text)) is int and 0 <= count <= 4 * len(text) else 0


def _json_object(text: Any) -> dict[str, Any]:
    """The JSON object of a text; an empty one where it is none."""
    try:
        value = parse_json(text)
    except (ValueError, TypeError, AttributeError):
        return {}
    return value if isinstance(value, dict) else {}


def _difference(actual: Any, expected: Any) -> str:
    if isinstance(actual, str) and isinstance(expected, str) and len(expected) > SHORT_TEXT:
        return f"differs {first_difference(actual, expected)}"
    return f"is {one_line(repr(actual))} instead of {one_line(repr(expected))}"
