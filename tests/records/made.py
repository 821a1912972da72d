"""Small examples that went through the whole chain, to be made records of, their weights rounded in several ways."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from subject_zoo.chain import steps
from subject_zoo.config.check import check_config
from subject_zoo.config.load import overlaid
from subject_zoo.evaluation.exam import Exam
from subject_zoo.examples.plan import ExamplePlan
from subject_zoo.networks.model import StoredModel
from subject_zoo.patterns.pools import Pools
from subject_zoo.patterns.space import PatternSpace
from subject_zoo.project import Project
from subject_zoo.records.formatter import TrainingDataFormatter
from subject_zoo.signatures.extractor import ActivationSignatureExtractor
from tests.conftest import DEFAULT

ENABLED = ["starts_with", "palindrome", "sorted_ascending", "has_majority", "all_same", "ends_with"]
METHODS = ["mean", "std", "sparsity", "pca", "pattern_wise"]
SIZES = {
    "patterns": {
        "enabled": ENABLED,
        "vocab_size": 6,
        "sequence_length": 5,
        "starts_with": "C",
        "ends_with": "E",
        "min_patterns_per_batch": 2,
    },
    "dataset": {
        "num_sequences": 300,
        "corruption_rate": 0.8,
        "pool_size": 400,
        "test_per_pattern": 30,
        "test_background": 60,
    },
    "model": {"num_layers": [2, 3], "neurons_per_layer": [4, 7], "dropout_rate": [0.0, 0.2]},
    "training": {
        "batch_size": 32,
        "degraded_epochs": 3,
        "improvement_epochs": 2,
        "improvement_lr_factor": 1.0,  # so little is learned in these epochs that all of it must count
        "improvement_penalty_epochs": 0,
    },
    "signature": {"methods": METHODS, "layers": "all", "components": 2},
}
# How the published weights are rounded. Dropout moves the Linears' places in nn.Sequential.
KINDS = {
    "float32": {"model": {"precision": "float32", "weight_decimals": 4, "dropout_rate": [0.0, 0.0]}},
    "float16": {"model": {"precision": "float16", "weight_decimals": None, "input_encoding": "ordinal"}},
    "int4": {
        "model": {"precision": "bfloat16", "weight_decimals": 3, "dropout_rate": [0.1, 0.2]},
        "training": {"quantization": "int4"},
    },
}
EXAMPLES = (3, 1, 7)
PROVENANCE = {"code_sha256": "c" * 64, "config_sha256": "d" * 64, "seed": 0, "signature_dataset": "e" * 64}
COLUMNS = {
    None: ["example_id"],
    "modification": ["modification_prompt", "modification_completion"],
    "classification": ["classification_prompt", "classification_completion"],
    "always": [
        "degraded_model_weights",
        "improved_model_weights",
        "degraded_signature",
        "improved_signature",
        "training_metrics",
        "metadata",
    ],
}
# What a record holds of one task alone, beside that task's texts.
OF_ONE_TASK = {
    "modification": ["degraded_model_weights", "degraded_signature"],
    "classification": ["improved_signature"],
}


def make_config(*overlays: dict[str, Any]) -> dict[str, Any]:
    return check_config(overlaid(DEFAULT, SIZES, *overlays))


@dataclass(frozen=True)
class Example:
    """All that a record is made of."""

    plan: ExamplePlan
    verdict: dict[str, Any]
    corruption: dict[str, int]
    models: dict[str, StoredModel]
    signatures: dict[str, np.ndarray]

    @property
    def parts(self) -> tuple:
        return self.plan, self.verdict, self.corruption, self.models, self.signatures


@dataclass(frozen=True)
class Made:
    """Examples that went through the whole chain, and what they share."""

    config: dict[str, Any]
    space: PatternSpace
    extractor: ActivationSignatureExtractor
    test_set: Exam
    examples: dict[int, Example]

    def formatter(self, overlay: dict[str, Any] | None = None, count_tokens=None) -> TrainingDataFormatter:
        config = overlaid(self.config, overlay or {})
        return TrainingDataFormatter(config, self.space, self.extractor, PROVENANCE, count_tokens)

    def records(self, overlay: dict[str, Any] | None = None) -> Iterator[tuple[Example, dict[str, Any]]]:
        formatter = self.formatter(overlay)
        for example in self.examples.values():
            yield example, formatter.format(*example.parts)


def make_examples_of(config: dict[str, Any], pools: Pools) -> Made:
    project = Project(config)
    project.pools = pools
    made = dict(steps(project, EXAMPLES, sign_rejected=True))
    examples = {
        i: Example(
            plan=plan,
            verdict=made["validate"][i],
            corruption=dataset.corruption_stats(),
            models={"degraded": made["train_degraded"][i], "improved": made["train_improved"][i]},
            signatures=made["extract_signatures"][i],
        )
        for i, (plan, dataset) in made["sample_dataset"].items()
    }
    return Made(config, project.space, project.extractor, project.exam, examples)
