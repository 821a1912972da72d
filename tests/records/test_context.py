"""Presets for short contexts: the longest prompt and completion that each can make keep to its number of tokens."""

import re
from pathlib import Path

import numpy as np
import pytest

from subject_zoo.base.terms import STAGES
from subject_zoo.config.load import read_yaml
from subject_zoo.examples.plan import ExamplePlan
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.rounding import round_to_precision
from subject_zoo.patterns.targets import possible_targets
from subject_zoo.project import Project
from subject_zoo.records.formatter import TrainingDataFormatter
from subject_zoo.signatures.choice import computed_methods
from subject_zoo.signatures.extractor import ActivationSignatureExtractor

ROOT = Path(__file__).parents[2]
CONTEXTS = {"4k": 4096, "8k": 8192, "16k": 16384}


def most_tokens(text: str) -> int:
    """Tokens of a text of English, numbers and JSON, at most: more than any tokenizer of benchmarks/README.md takes.

    One for each digit and each space before one, for four letters, for two marks (where ` ,-` is one token of most)
    and for line ends; spaces before letters and marks are a part of theirs.
    """
    parts = re.findall(r"[A-Za-z]+| ?[0-9]|[^A-Za-z0-9 \n]+|\n+", text)
    return sum(
        len(part) if part[-1].isdigit() else 1 if part[0] == "\n" else -(-len(part) // (4 if part.isalpha() else 2))
        for part in parts
    )


def longest_texts(config):
    """(prompt, completion) of each task and target, of a network of the largest architecture there is."""
    patterns, model, training = config["patterns"], config["model"], config["training"]
    architecture = Architecture(
        vocab_size=patterns["vocab_size"],
        sequence_length=patterns["sequence_length"],
        num_layers=model["num_layers"][1],
        neurons_per_layer=model["neurons_per_layer"][1],
        activation_type=max(model["activation_types"], key=len),
        dropout_rate=model["dropout_rate"][1],
        input_encoding=model["input_encoding"],
        precision=model["precision"],
    )
    rng = np.random.default_rng(0)
    size = architecture.parameter_count
    share = training["improvement_changed_share"] if training["improvement_penalty_epochs"] else 1.0
    degraded = rng.choice([-1.0, 1.0], size) * rng.uniform(0.2, 9.0, size)
    changed = rng.permutation(size) < round(share * size)
    improved = np.where(changed, -degraded, degraded)  # scattered, so that a patch names all rows
    ends = np.cumsum([np.prod(shape) for _, shape in architecture.tensor_shapes])[:-1]
    models = {
        stage: StoredModel(
            architecture,
            {
                name: round_to_precision(np.round(part.reshape(shape), model["weight_decimals"]), model["precision"])
                for (name, shape), part in zip(architecture.tensor_shapes, np.split(values, ends), strict=True)
            },
            {},
        )
        for stage, values in zip(STAGES, (degraded, improved), strict=True)
    }
    project, signature = Project(config), config["signature"]
    extractor = ActivationSignatureExtractor(
        computed_methods(config),
        np.eye(len(patterns["enabled"]), dtype=bool),
        patterns["enabled"],
        signature["components"],
        signature["entropy_bins"],
    )
    neurons = architecture.num_layers * architecture.neurons_per_layer + (signature["layers"] == "all")
    table = rng.uniform(-9.0, 9.0, (neurons, len(extractor.feature_names))).astype(np.float32)
    formatter = TrainingDataFormatter(config, project.space, extractor, {})
    for target in possible_targets(patterns):
        plan = ExamplePlan(0, (target,), target, architecture, 0.01)
        verdict = {"classified_patterns": patterns["enabled"]}
        record = formatter.format(plan, verdict, {}, models, dict.fromkeys(STAGES, table))
        for task in ("modification", "classification"):
            yield record[f"{task}_prompt"], record[f"{task}_completion"]


@pytest.mark.parametrize("preset", CONTEXTS)
def test_the_largest_networks_records_keep_to_the_context(preset):
    config = Project.from_config(ROOT / "config.yaml", read_yaml(ROOT / "presets" / f"{preset}.yaml")).config
    longest = max(most_tokens(prompt) + most_tokens(completion) for prompt, completion in longest_texts(config))
    assert longest <= CONTEXTS[preset]
    assert longest > 0.9 * CONTEXTS[preset]  # not far below: the networks are as large as the context lets them be
