"""One record against its exact weights: what it says is measured again, and its text is made again."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from subject_zoo.errors import UserError
from subject_zoo.figure_check import figure_differences
from subject_zoo.formatter import COLUMNS, TrainingDataFormatter
from subject_zoo.measurement import classify, sign
from subject_zoo.parsed_weights import parsing_differences
from subject_zoo.plans import ExamplePlan, draw_plan
from subject_zoo.problem import first_difference, one_line
from subject_zoo.sampler import PatternDatasetSampler
from subject_zoo.shard_reader import STAGES
from subject_zoo.shard_tables import DATA
from subject_zoo.shards import table_rows, table_schema
from subject_zoo.signature_dataset import extractor_for, read_signature_dataset
from subject_zoo.test_set import TestSet
from subject_zoo.tokenizer import token_counter
from subject_zoo.verdict import validate_example
from subject_zoo.weights import StoredModel

# Features that move a little where activations do. The others can jump: by a probe that crosses a threshold, by
# another cut of the values in two, by another base of a space of equal eigenvalues.
_SMOOTH = ("mean", "std", "max", "min", "fourier", "pattern_wise")
SHORT_TEXT = 80  # characters that a line shows in full
FEATURE_TOLERANCE = 1e-4  # of the largest magnitude in a model's signature, or of 1 where that is smaller


class RecordChecker:
    """Checks the records of one dataset folder."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any], equal_environment: bool) -> None:
        """Draws the project's pools, which takes seconds. `manifest` is a checked one.

        Raises UserError where the folder's signature dataset cannot be read.
        """
        self.config: dict[str, Any] = manifest["config"]
        self.equal_environment = equal_environment
        patterns, dataset = self.config["patterns"], self.config["dataset"]
        self.sampler = PatternDatasetSampler(self.config)
        self.space = self.sampler.space
        self.test_set = TestSet(self.sampler.pools, dataset["near_miss_ratio"], dataset["min_holdout"])
        pools = self.sampler.pools
        self.test_members = {name: len(rows) for name, rows in zip(pools.names, pools.test_members, strict=True)}
        self.probes = read_signature_dataset(folder / "signature_dataset.json", self.space, patterns["enabled"])
        self.extractor = extractor_for(self.probes, self.config["signature"], patterns["enabled"])
        self.provenance = {
            **{key: manifest[key] for key in ("code_sha256", "config_sha256", "seed")},
            "signature_dataset": manifest["signature_dataset_sha256"],
        }
        self.count_tokens, self.unchecked = None, None
        try:
            self.count_tokens = token_counter(self.config["format"]["tokenizer"])
        except UserError as error:
            self.unchecked = f"lengths in tokens are not checked: {error}"

    def plan(self, example_id: int) -> ExamplePlan:
        """What the configuration and the seed make of an example."""
        return draw_plan(self.config["seed"], example_id, self.config)

    def measure(self, plan: ExamplePlan, models: tuple[StoredModel, StoredModel]) -> dict[str, Any]:
        """The verdict on an example's degraded and improved model."""
        verdicts = classify(dict(enumerate(models)), self.test_set.tokens)
        return validate_example(plan, self.test_set, verdicts[0], verdicts[1], self.config)

    def check_models(self, plan: ExamplePlan, models: tuple[StoredModel, StoredModel]) -> Iterator[tuple[str, str]]:
        """(stage, what is wrong) of stored weights by themselves; where nothing is, they can be run."""
        for stage, model in zip(STAGES, models, strict=True):
            if model.architecture != plan.architecture:
                yield stage, f"the {stage} model is not the one that the seed draws: {model.architecture}"
            elif not all(np.isfinite(array).all() for array in model.weights.values()):
                yield stage, f"the {stage} weights hold NaN or infinity"

    def check_signatures(
        self, models: tuple[StoredModel, StoredModel], stored: tuple[np.ndarray, np.ndarray]
    ) -> Iterator[tuple[str, str]]:
        """(stage, what is wrong) of stored signatures, float32 [neurons, F] each, that are not the models'."""
        activations = self.config["signature"]["activations"]
        try:
            signed = sign(dict(enumerate(models)), self.probes.tokens, self.extractor, activations)
        except ValueError as error:
            yield "improved", f"the weights have no signature: {error}"
            return
        for stage, made, there in zip(STAGES, signed.values(), stored, strict=True):
            if made.shape != there.shape:
                yield stage, f"the {stage} signature's shape is {list(there.shape)} instead of {list(made.shape)}"
                continue
            differs = made != there  # NaN differs from all
            if not self.equal_environment:
                scale = max(1.0, float(np.abs(made).max()))
                smooth = [name.split(".")[0] in _SMOOTH for name in self.extractor.feature_names]
                differs = ~(np.abs(made - there) <= FEATURE_TOLERANCE * scale) & smooth
            if differs.any():
                neuron, feature = np.argwhere(differs)[0].tolist()
                yield (
                    stage,
                    f"the {stage} signature's {self.extractor.feature_names[feature]} of neuron {neuron} is "
                    f"{there[neuron, feature]}; the weights give {made[neuron, feature]}",
                )

    def check_row(
        self,
        plan: ExamplePlan,
        row: Mapping[str, Any],
        models: tuple[StoredModel, StoredModel],
        signatures: tuple[np.ndarray, np.ndarray],
    ) -> Iterator[tuple[str, str]]:
        """(column, what is wrong) of a record that is not what its weights and signatures make of it."""
        measured, recorded = self.measure(plan, models), _json_object(row["metadata"])
        if not measured["accepted"] and self.equal_environment:
            yield "metadata", f"its weights do not pass the gates: {', '.join(measured['reasons'])}"
        wrong = list(
            figure_differences(measured, recorded, self.equal_environment, self.test_members, self.config["validation"])
        )
        yield from (("metadata", what) for what in wrong)
        figures = measured if wrong else {key: recorded.get(key, measured[key]) for key in measured}
        formatter = self._formatter(row, recorded)
        corruption = self.sampler.sample(plan).corruption_stats()
        expected = formatter.format(plan, figures, corruption, models, signatures)
        if not formatter.fits(expected):
            limit = self.config["format"]["max_prompt_chars"]
            yield "metadata", f"a prompt is longer than format.max_prompt_chars, {limit}"
        (short,) = pa.Table.from_pylist(table_rows(DATA, [expected]), schema=table_schema(DATA)).to_pylist()
        differing = set()
        for column, value in {**short, **expected}.items():
            if row[column] != value:
                differing.add(column)
                yield column, f"{column} {_difference(row[column], value)}"
        as_written = {column: text for column, text in row.items() if column not in differing}
        for column, what in parsing_differences(as_written, dict(zip(STAGES, models, strict=True))):
            yield column, f"{column}: {what}"

    def _formatter(self, row: Mapping[str, Any], recorded: Mapping[str, Any]) -> TrainingDataFormatter:
        count_tokens = self.count_tokens
        if self.unchecked:  # the row's own counts stand in for the tokenizer's
            lengths = recorded.get("lengths")
            own = lengths if isinstance(lengths, dict) else {}
            count_tokens = {row[name]: own.get(f"{name}_tokens") for name in COLUMNS if name in row}.get
        return TrainingDataFormatter(self.config, self.space, self.extractor, self.provenance, count_tokens)


def _json_object(text: Any) -> dict[str, Any]:
    """The JSON object of a text; an empty one where it is none."""
    try:
        value = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _difference(actual: Any, expected: Any) -> str:
    if isinstance(actual, str) and isinstance(expected, str) and len(expected) > SHORT_TEXT:
        return f"differs {first_difference(actual, expected)}"
    return f"is {one_line(repr(actual))} instead of {one_line(repr(expected))}"
