"""The least length of a configuration's prompts is that of the shortest ones that are really written."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import ACTIVATIONS, PROMPTS, SIGNATURE_METHODS
from subject_zoo.config.tasks import published_stages, signed_stages
from subject_zoo.examples.plan import draw_plan
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.rounding import publishable
from subject_zoo.patterns.space import pattern_space
from subject_zoo.patterns.targets import possible_targets
from subject_zoo.records.formatter import TrainingDataFormatter
from subject_zoo.records.lengths import PromptLengths, check_reachable, partly_reachable
from subject_zoo.signatures.choice import computed_methods
from subject_zoo.signatures.extractor import ActivationSignatureExtractor
from tests.conftest import small_config

METHODS = st.lists(st.sampled_from(SIGNATURE_METHODS), min_size=1, max_size=4, unique=True)
TASKS = [(True, True), (True, False), (False, True)]
DROPOUTS = [[0, 0], [0, 0.2], [0.05, 0.25], [0.05, 0.06], [0.123456, 0.123456], [1e-7, 1e-7], [0.00012, 0.00031]]


@st.composite
def configurations(draw) -> dict[str, Any]:
    """Whatever the length of a prompt depends on, and what it must not depend on."""
    layers, neurons = draw(st.sampled_from([1, 2, 9, 11])), draw(st.sampled_from([1, 2, 9, 11]))
    modification, classification = draw(st.sampled_from(TASKS))
    return small_config(
        {
            "patterns": {
                "vocab_size": draw(st.sampled_from([5, 7, 12])),
                "min_target_sequences": draw(st.sampled_from([0, 100])),
            },
            "model": {
                "num_layers": [layers, layers + draw(st.integers(0, 2))],
                "neurons_per_layer": [neurons, neurons + draw(st.integers(0, 2))],
                "activation_types": draw(st.lists(st.sampled_from(ACTIVATIONS), min_size=1, unique=True)),
                "dropout_rate": draw(st.sampled_from(DROPOUTS)),
                "input_encoding": draw(st.sampled_from(["one_hot", "ordinal"])),
                "precision": draw(st.sampled_from(["float32", "float16", "bfloat16"])),
                "weight_decimals": draw(st.sampled_from([None, 1, 2, 4, 9])),
            },
            "training": {"quantization": draw(st.sampled_from(["none", "int8", "ternary", "binary"]))},
            "signature": {
                "methods": {"modification": draw(METHODS), "classification": draw(METHODS)},
                "layers": draw(st.sampled_from(["hidden", "all"])),
                "components": draw(st.sampled_from([1, 3, 11])),
                "decimals": draw(st.sampled_from([0, 2, 9])),
            },
            "format": {
                "style": draw(st.sampled_from(["separate", "interwoven"])),
                "modification_completion": draw(st.sampled_from(["full", "patch"])),
            },
            "task_generation": {"include_modification": modification, "include_classification": classification},
        }
    )


class Writer:
    """Writes real records of a configuration, of networks that nobody trained."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config, names = config, config["patterns"]["enabled"]
        probes = np.eye(len(names) + 1, len(names), dtype=bool)
        signature = config["signature"]
        self.extractor = ActivationSignatureExtractor(
            computed_methods(config), probes, names, signature["components"], signature["entropy_bins"]
        )
        self.formatter = TrainingDataFormatter(config, pattern_space(config["patterns"]), self.extractor, {})

    def longer_prompt(self, architecture: Architecture, target: str | None, size: float) -> int:
        """Characters of the longer prompt of an example, whose weights and statistics are below `size`."""
        config, rng = self.config, np.random.default_rng(0)
        plan = replace(draw_plan(0, 0, config), architecture=architecture, target_pattern=target)
        weights = {n: rng.uniform(-size, size, s).astype(np.float32) for n, s in architecture.tensor_shapes}
        model, training = config["model"], config["training"]
        weights = publishable(weights, training["quantization"], model["precision"], model["weight_decimals"])
        neurons = sum(n for _, n in architecture.layer_sizes) - (config["signature"]["layers"] == "hidden")
        signature = rng.uniform(-size, size, (neurons, len(self.extractor.feature_names))).astype(np.float32)
        asked = config["task_generation"]
        record = self.formatter.format(
            plan,
            {"classified_patterns": []},
            {},
            {stage: StoredModel(architecture, weights, {}) for stage in published_stages(asked)},
            dict.fromkeys(signed_stages(asked), signature),
        )
        return max(len(str(record[name])) for name in PROMPTS if name in record)


@settings(max_examples=40)
@given(configurations())
def test_the_least_length_is_that_of_the_shortest_prompt_that_is_written(config):
    model, writer = config["model"], Writer(config)
    layers, neurons = model["num_layers"][0], model["neurons_per_layer"][0]
    low, high = model["dropout_rate"]
    rates = {low, high, *(step / 100 for step in range(100) if low <= step / 100 <= high)}
    rates |= {step / 10_000 for step in range(1, 4) if low <= step / 10_000 <= high}
    drawn = draw_plan(0, 0, config).architecture
    targets = possible_targets(config["patterns"]) if config["task_generation"]["include_modification"] else [None]
    shortest = min(rates, key=lambda rate: (rate > 0, len(str(rate))))
    written = [
        writer.longer_prompt(
            replace(
                drawn, num_layers=layers, neurons_per_layer=neurons, activation_type=activation, dropout_rate=shortest
            ),
            target,
            9.0 if model["weight_decimals"] is not None else 0.0,
        )
        for activation in model["activation_types"]
        for target in targets
    ]
    assert PromptLengths(config).least(layers, neurons) == min(written)


@settings(max_examples=40)
@given(configurations(), st.integers(0, 99), st.sampled_from([0.0, 5.0, 6e4]))
def test_no_example_that_is_drawn_has_a_shorter_prompt(config, example_id, size):
    plan = draw_plan(7, example_id, config)
    architecture, lengths = plan.architecture, PromptLengths(config)
    written = Writer(config).longer_prompt(architecture, plan.target_pattern, size)
    assert lengths.least(architecture.num_layers, architecture.neurons_per_layer) <= written
    config["format"]["max_prompt_chars"] = written
    check_reachable(config)


@settings(max_examples=20)
@given(configurations())
def test_the_limit_is_exact_and_what_it_leaves_is_counted(config):
    (fewest, most), (narrowest, widest) = config["model"]["num_layers"], config["model"]["neurons_per_layer"]
    lengths = PromptLengths(config)
    sizes = [lengths.least(n, w) for n in range(fewest, most + 1) for w in range(narrowest, widest + 1)]
    config["format"]["max_prompt_chars"] = min(sizes) - 1
    with pytest.raises(UserError, match=f"max_prompt_chars is {min(sizes) - 1}; it must be at least {min(sizes)}, "):
        check_reachable(config)
    for limit in {*sizes}:
        config["format"]["max_prompt_chars"] = limit
        check_reachable(config)
        fitting = sum(size <= limit for size in sizes)
        told = partly_reachable(config)
        assert (told is None) == (fitting == len(sizes))
        assert told is None or f"leaves {fitting} of the {len(sizes)} sizes" in told
    config["format"]["max_prompt_chars"] = None
    check_reachable(config)
    assert partly_reachable(config) is None
