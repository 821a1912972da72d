"""The lengths that records tell of their texts, what they depend on, and the limit on prompts."""

import json
from dataclasses import replace

import numpy as np
import pytest

from subject_zoo.networks.architecture import could_fit
from tests.records.made import COLUMNS


def test_lengths_are_the_real_lengths(plain):
    count_words = lambda text: len(text.split())  # noqa: E731
    formatter = plain.formatter(count_tokens=count_words)
    for example in plain.examples.values():
        record = formatter.format(*example.parts)
        lengths = json.loads(record["metadata"])["lengths"]
        counted = [*COLUMNS["modification"], *COLUMNS["classification"]]
        measured = [*counted, *COLUMNS["always"][:-1]]
        assert lengths == {f"{name}_chars": len(record[name]) for name in measured} | {
            f"{name}_tokens": count_words(record[name]) for name in counted
        }


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_lengths_tell_nothing_of_the_numbers(made, style):
    """A network with all signs turned, and one of other magnitudes, have texts as long as the network's own."""
    formatter = made.formatter({"format": {"style": style}, "model": {"weight_decimals": 3}})
    for example in made.examples.values():
        lengths, texts = [], set()
        for change in (lambda a: np.clip(a, -9, 9), lambda a: -np.clip(a, -9, 9), lambda a: -np.abs(np.tanh(a / 7))):
            models = {
                stage: replace(model, weights={name: change(array) for name, array in model.weights.items()})
                for stage, model in example.models.items()
            }
            signatures = {stage: change(signature) for stage, signature in example.signatures.items()}
            record = formatter.format(*replace(example, models=models, signatures=signatures).parts)
            varying = {name: record.pop(name) for name in ("example_id", "training_metrics", "metadata")}
            lengths.append({name: len(text) for name, text in record.items()})
            texts.add(record["modification_completion"] + record["improved_signature"])
            told = json.loads(varying["metadata"])["lengths"]
            assert all(told[f"{name}_chars"] == length for name, length in lengths[-1].items())
        assert lengths[0] == lengths[1] == lengths[2]
        assert len(texts) == 3


def test_what_fits_could_fit(made):
    decimals = made.config["model"]["weight_decimals"]
    for example, record in made.records():
        architecture = example.plan.architecture
        brackets = sum(2 + outputs for _, outputs in architecture.layer_sizes)  # and more: names, commas
        longest = len(record["modification_completion"]) - brackets
        assert could_fit(architecture, longest, decimals)
        assert could_fit(architecture, None, decimals)
        least = len("0.0,") if decimals is None else decimals + len("-0.,")
        assert not could_fit(architecture, least * architecture.parameter_count - 1, decimals)


def test_max_prompt_chars_is_a_limit_on_each_prompt(plain):
    record = plain.formatter().format(*plain.examples[3].parts)
    lengths = sorted(len(record[name]) for name in ("modification_prompt", "classification_prompt"))
    fits = lambda limit, record=record: plain.formatter({"format": {"max_prompt_chars": limit}}).fits(record)  # noqa: E731
    assert fits(None)
    assert fits(lengths[1])
    assert not fits(lengths[1] - 1)
    assert not fits(1)
    assert fits(1, {name: text for name, text in record.items() if not name.endswith("prompt")})
