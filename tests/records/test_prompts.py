"""The words of prompts, and what stands where in them, in both styles."""

import json
import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from subject_zoo.patterns.definitions import describe
from tests.records.made import COLUMNS, ENABLED, KINDS, make_config, make_examples_of
from tests.records.reading import AS_WRITTEN, decimals_of, json_objects, numbers_in, tensors_in


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_the_modification_prompt_asks_for_its_target_in_a_full_sentence(plain, style):
    for example, record in plain.records({"format": {"style": style}}):
        target = example.plan.target_pattern
        prose = record["modification_prompt"].partition("{")[0]
        sentences = [s for s in re.split(r"(?<=[.?!])\s+", prose) if re.search(rf"\b{target}\b", s)]
        assert sentences
        assert any(
            re.fullmatch(r"[A-Z][^{}]*[.?]", s) and describe(plain.space, target) in s and len(s.split()) > 6
            for s in sentences
        )


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_the_classification_prompt_lists_every_enabled_pattern(plain, style):
    for _, record in plain.records({"format": {"style": style}}):
        lines = record["classification_prompt"].partition("{")[0].splitlines()
        places = []
        for name in ENABLED:
            (place,) = [
                i
                for i, line in enumerate(lines)
                if re.search(rf"\b{name}\b", line) and describe(plain.space, name) in line
            ]
            places.append(place)
        assert all(first < second for first, second in pairwise(places))
        assert "the first token is C" in lines[places[0]]


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_the_classification_prompt_does_not_tell_what_was_selected(plain, style):
    formatter, example = plain.formatter({"format": {"style": style}}), plain.examples[3]
    others = [name for name in ENABLED if name not in example.plan.selected_patterns]
    plan = replace(example.plan, selected_patterns=tuple(others), target_pattern=others[0], example_id=99)
    verdict = example.verdict | {"selected_patterns": others, "classified_patterns": others}
    records = [formatter.format(*e.parts) for e in (example, replace(example, plan=plan, verdict=verdict))]
    assert records[0]["classification_prompt"] == records[1]["classification_prompt"]
    assert records[0]["modification_prompt"] != records[1]["modification_prompt"]


def test_both_styles_carry_the_same_numbers(made):
    styles = ("separate", "interwoven")
    decimals = made.config["model"]["weight_decimals"]
    for (_, separate), (_, interwoven) in zip(
        *(made.records({"format": {"style": style}}) for style in styles), strict=True
    ):
        for prompt, stage in (("modification_prompt", "degraded"), ("classification_prompt", "improved")):
            trees = [json_objects(record[prompt], **AS_WRITTEN) for record in (separate, interwoven)]
            numbers = [Counter(numbers_in(tree)) for tree in trees]
            assert separate[prompt] != interwoven[prompt]
            assert numbers[0] == numbers[1]
            assert tensors_in(trees[0]) == tensors_in(trees[1])
            for number in numbers_in(tensors_in(trees[0])):
                assert decimals is None or decimals_of(number) <= decimals
                assert float(number) != 0 or number == f"{0:.{decimals or 1}f}"
            signature = json.loads(separate[f"{stage}_signature"], **AS_WRITTEN)["neuron_activations"]
            profiles = [layer["neuron_profiles"] for layer in signature.values()]
            assert not Counter(numbers_in(profiles)) - numbers[0]
        same = [name for name in separate if name not in (*COLUMNS["modification"][:1], "metadata")]
        same.remove("classification_prompt")
        assert all(separate[name] == interwoven[name] for name in same)


def test_the_interwoven_style_shows_a_layers_weights_beside_its_signature(plain):
    for example, record in plain.records({"format": {"style": "interwoven"}}):
        prompt = record["classification_prompt"]
        places = [prompt.index(f'"{name}.weight"') for name in example.plan.architecture.linear_names]
        assert places == sorted(places)
        for start, stop in pairwise([*places, len(prompt)]):
            assert '"mean"' in prompt[start:stop]


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_a_prompt_ends_with_its_question_in_one_line(plain, style):
    """Enough to answer where the beginning was cut off: what is asked for, and of which pattern or patterns."""
    for example, record in plain.records({"format": {"style": style}}):
        target = example.plan.target_pattern
        for task, words in (("modification", [target, describe(plain.space, target)]), ("classification", ENABLED)):
            heading, question, rest = record[f"{task}_prompt"].rsplit("\n", 2)
            assert heading.endswith("\n\n## Question")
            assert question.strip() == question
            assert rest == ""
            assert all(re.search(rf"\b{re.escape(word)}", question) for word in words)
            assert "nswer with" in question


def test_the_signature_stands_under_its_heading_as_json(plain):
    for _, record in plain.records():
        for task in ("modification", "classification"):
            _, _, rest = record[f"{task}_prompt"].partition("\n## Activation signature\n")
            line, _, after = rest.partition("\n")
            assert list(json.loads(line)) == ["0", "2", "4", "6"][: len(json.loads(line))]
            assert after.startswith("\n## Question\n")


def test_an_interwoven_prompt_shows_the_output_layer_without_a_signature_where_it_has_none(own_pools):
    config = make_config(KINDS["float32"], {"signature": {"layers": "hidden"}, "format": {"style": "interwoven"}})
    for example, record in make_examples_of(config, own_pools).records():
        last = record["classification_prompt"].split("\n\n")[-2].splitlines()
        assert last[0] == f"## Layer {example.plan.architecture.linear_names[-1].removeprefix('network.')}"
        assert [line.partition(":")[0] for line in last[1:]] == ["Weights"]
        assert record["classification_prompt"].count("Activation signature:") == example.plan.architecture.num_layers
