"""The contract of completions: what they say is true of the very networks in their prompts, bit for bit."""

import json
from dataclasses import replace

import numpy as np
import pytest

from subject_zoo import apply_patch
from subject_zoo.base.terms import CLAIMED_RATE
from subject_zoo.evaluation.gates import validate_example
from subject_zoo.networks.architecture import Architecture
from tests.records.made import ENABLED
from tests.records.reading import json_objects, positives, rounded, tensors_in


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_parsed_weights_score_exactly_what_the_record_says(made, style):
    tokens = made.test_set.tokens
    for example, record in made.records({"format": {"style": style}}):
        metadata, selected = json.loads(record["metadata"]), example.plan.selected_patterns
        architecture = Architecture.from_dict(metadata["model_config"])
        before = tensors_in(json_objects(record["modification_prompt"]))
        after = json.loads(record["modification_completion"])
        assert list(before) == list(after) == list(example.models["improved"].weights)
        for tensors, stage in ((before, "degraded"), (after, "improved")):
            positive = positives(architecture, tensors, tokens)
            accuracies = rounded(made.test_set.accuracies(positive, selected))
            assert accuracies == example.verdict[stage]["accuracy"] == metadata[stage]["accuracy"]
        assert rounded(made.test_set.positive_rates(positive)) == metadata["positive_rate"]
        shown = tensors_in(json_objects(record["classification_prompt"]))
        assert shown == after
    moved = [example for example in made.examples.values() if example.verdict["improvement"] != 0]
    assert moved, "no example tells the two models apart"


def test_classification_completions_are_true_and_in_the_configs_order(made):
    for example, record in made.records():
        tensors = json.loads(record["modification_completion"])
        positive = positives(example.plan.architecture, tensors, made.test_set.tokens)
        rates = made.test_set.positive_rates(positive)
        expected = [name for name in ENABLED if rates[name] >= CLAIMED_RATE]
        assert record["classification_completion"] == ", ".join(expected)


@pytest.mark.parametrize(("answer", "expected"), [(True, ", ".join(ENABLED)), (False, "")])
def test_models_that_call_everything_one_thing(plain, answer, expected):
    example = plain.examples[3]
    positive = np.full(len(plain.test_set), answer)
    verdict = validate_example(example.plan, plain.test_set, positive, positive, plain.config)
    record = plain.formatter().format(*replace(example, verdict=verdict).parts)
    assert record["classification_completion"] == expected


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_a_patch_gives_the_improved_weights_from_those_of_the_prompt(made, style):
    shown = [record for _, record in made.records()]
    overlay = {"format": {"style": style, "modification_completion": "patch"}}
    for (example, record), full in zip(made.records(overlay), shown, strict=True):
        mended = apply_patch(record["modification_prompt"], record["modification_completion"])
        for name, array in example.models["improved"].weights.items():
            np.testing.assert_array_equal(mended[name].view(np.uint32), array.view(np.uint32))
        assert list(record) == list(full)
        same = set(record) - {"modification_prompt", "modification_completion", "metadata"}
        assert all(
            record[name] == full[name] for name in same if style == "separate" or name != "classification_prompt"
        )


def test_the_prompt_asks_for_the_form_and_its_example_is_true_of_every_network(plain):
    for form, words in (("full", "weights of the whole network"), ("patch", "numbers that change")):
        for _, record in plain.records({"format": {"modification_completion": form}}):
            prompt = record["modification_prompt"]
            assert words in prompt.partition("\n## ")[0]
            assert words in prompt.splitlines()[-1]
            assert ('"0":[1,-0.41,3,0.52]' in prompt) == (form == "patch")
            if form == "patch":  # the form that the words describe, in the place that they name
                apply_patch(prompt, '{"network.0.weight":{"0":[1,-0.41,3,0.52]}}')
