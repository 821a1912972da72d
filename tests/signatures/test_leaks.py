"""A configuration whose prompts print the answer says so, and no other does."""

import pytest

from subject_zoo.base.terms import SIGNATURE_METHODS
from subject_zoo.signatures.choice import computed_methods, prompt_methods
from subject_zoo.signatures.leaks import LEAKS, given_away
from tests.conftest import small_config


def test_the_default_gives_nothing_away():
    assert given_away(small_config()) is None


@pytest.mark.parametrize("method", SIGNATURE_METHODS)
def test_only_classification_prompts_give_away(method):
    other = {"modification": [method], "classification": ["mean"]}
    assert given_away(small_config({"signature": {"methods": other}})) is None
    shown = {"modification": ["mean"], "classification": ["mean", method] if method != "mean" else [method]}
    sentence = given_away(small_config({"signature": {"methods": shown}}))
    assert (sentence is not None) == (method in LEAKS)
    without = {"task_generation": {"include_classification": False}}
    assert given_away(small_config({"signature": {"methods": shown}}, without)) is None


def test_the_sentence_has_the_figure_of_the_neurons_that_are_shown():
    pattern_wise = {"methods": ["pattern_wise"]}
    both = [given_away(small_config({"signature": {**pattern_wise, "layers": layers}})) for layers in ("hidden", "all")]
    for sentence, score, whose in zip(both, ("0.84", "0.99"), ("hidden", "output"), strict=True):
        assert score in sentence
        assert f"{whose} neuron" in sentence
        assert "pattern_wise" in sentence
        assert "\n" not in sentence


def test_diagnoses_are_given_away_too_each_task_by_itself():
    asked = {"task_generation": {"include_diagnosis": True}, "dataset": {"corruption": "region"}}
    methods = {"modification": ["pattern_wise"], "classification": ["mean"], "diagnosis": ["mean", "pattern_wise"]}
    sentence = given_away(small_config(asked, {"signature": {"methods": methods}}))
    assert sentence.startswith("signature.methods puts pattern_wise into diagnosis prompts")
    assert sentence.endswith("rightly for a share of 0.86")
    assert given_away(small_config(asked)) is None
    assert (
        given_away(small_config(asked, {"signature": {"methods": ["pattern_wise"]}})).count("gives their answer") == 2
    )


def test_the_network_of_another_record_gives_no_answer_away():
    shown = {"signature": {"methods": ["pattern_wise"]}}
    assert given_away(small_config(shown)) is not None
    assert given_away(small_config(shown, {"format": {"shuffle": "networks"}})) is None


def test_what_is_computed_is_what_prompts_show():
    methods = {"modification": ["pattern_wise", "mean"], "classification": ["std", "mean"]}
    config = small_config({"signature": {"methods": methods}})
    assert prompt_methods(config) == {"modification": ("mean", "pattern_wise"), "classification": ("mean", "std")}
    assert computed_methods(config) == ("mean", "std", "pattern_wise")
    config["task_generation"]["include_modification"] = False
    assert prompt_methods(config) == {"classification": ("mean", "std")}
    assert computed_methods(config) == ("mean", "std")
