"""Patches as answers: read as tolerantly as whole networks, refused where a place is not certain, and judged alike."""

import json
import re
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subject_zoo.base.json_text import json_object
from subject_zoo.base.terms import COMPLETION_FAULTS
from subject_zoo.judge.answers import LARGEST, WrongAnswer, read_weights
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.material import accepted_examples
from subject_zoo.judge.modification import score_modification
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.rounding import publishable
from subject_zoo.networks.text import tensor_texts
from subject_zoo.project import Project
from subject_zoo.records.patch import patch_text
from subject_zoo.training.start import initial_weights
from tests.finished_dataset import tiny_config

ARCHITECTURE = Architecture(5, 4, 2, 3, "relu", input_encoding="ordinal")
DEGRADED, AFTER = (
    publishable(initial_weights(ARCHITECTURE, np.random.default_rng(seed)), "none", "float32", 2) for seed in (0, 1)
)
AFTER = {
    name: np.where(np.arange(array.size).reshape(array.shape) % 3, DEGRADED[name], array)
    for name, array in AFTER.items()
}
MODEL = StoredModel(ARCHITECTURE, DEGRADED, {})
PATCH = patch_text(DEGRADED, AFTER, 2)
FULL = json_object(tensor_texts(AFTER, 2))
BIAS = '{"network.0.bias":[0,0.5]}'  # a patch, and the beginning of a whole network
FORMS = ("full", "patch")


def kind_of(text: str, form: str) -> str | None:
    """The kind of a text's fault; None where it is read."""
    try:
        read_weights(text, MODEL, form)
    except WrongAnswer as error:
        return error.kind
    return None


def assert_read(text: str, form: str) -> None:
    found = read_weights(text, MODEL, form)
    assert list(found) == list(AFTER)
    for name, array in AFTER.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


COMMON = {
    "as it is": lambda text: text,
    "spaces": lambda text: re.sub(r"([\[,:])", r"\1  ", text),
    "lines": lambda text: json.dumps(json.loads(text), indent=2),
    "a fence": lambda text: f"```json\n{text}\n```",
    "a sentence before": lambda text: f"Here are the numbers that change, in row 3 and others: {text}",
    "a sentence after": lambda text: f"{text}\n\nAll others stay.",
    "numbers without a zero": lambda text: re.sub(r"(?<![\d.])0\.", ".", text),
    "negative ones without a zero": lambda text: text.replace("-0.", "-."),
    "plus signs": lambda text: re.sub(r",(?=\d\.)", ",+", text),
    "commas at the end": lambda text: re.sub(r"\]", ",]", text).replace("}", ",}"),
    "more decimals": lambda text: re.sub(r"(\d\.\d\d)", r"\g<1>0000", text),
    "exponents": lambda text: re.sub(r"-?\d\.\d\d", lambda m: f"{float(m[0]):e}", text),
    "inside weights": lambda text: f'{{"weights": {text}}}',
    "another order": lambda text: json.dumps(dict(reversed(json.loads(text).items()))),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", COMMON)
def test_common_ways_to_write_a_patch_are_read_whichever_form_was_asked_for(way, form):
    written = COMMON[way](PATCH)
    assert written != PATCH or way == "as it is"
    assert_read(written, form)


def test_a_whole_network_is_read_where_a_patch_was_asked_for():
    assert_read(FULL, "patch")


@pytest.mark.parametrize(("text", "kind"), [("{}", "missing_tensor"), (BIAS, "missing_tensor")])
def test_what_could_be_either_is_taken_for_what_was_asked_for(text, kind):
    assert kind_of(text, "full") == kind
    assert kind_of(text, "patch") is None


FAULTS = {
    "empty": [""],
    "no_json": ["Nothing changes.", PATCH.replace("[", "(", 1)],
    "cut_off": [PATCH[:-1], "```json\n" + PATCH[:40]],
    "ambiguous": [PATCH + PATCH, '{"network.0.bias":[0,.5,0,.25]}', '{"network.0.weight":{"0":[0,1.],"0":[1,1.]}}'],
    "unknown_tensor": ['{"network.9.bias":[0,0.5]}', '{"answer": 1}'],
    "unknown_place": ['{"network.0.bias":[3,0.5]}', '{"network.0.weight":{"3":[0,0.5]}}', '{"network.0.bias":[1.5,0]}'],
    "wrong_shape": ['{"network.0.bias":[0]}', '{"network.0.weight":[[0.5]]}', '{"network.0.weight":{"0":{"1":0.5}}}'],
    "not_finite": ['{"network.0.bias":[0,NaN]}', '{"network.0.bias":[0,1e999]}'],
    "too_large": [f'{{"network.0.bias":[0,{2 * LARGEST}]}}'],
    "too_long": ["{" + " " * 500_000],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in FAULTS.items() for text in texts])
def test_every_fault_of_a_patch_has_its_kind(kind, text):
    assert kind_of(text, "patch") == kind


@settings(max_examples=200)
@given(st.data())
def test_any_text_is_read_or_refused(data):
    place = data.draw(st.integers(0, len(PATCH)))
    new = data.draw(st.text(alphabet='0123456789.,-+eE[]{}":ab \n', max_size=3))
    text = PATCH[:place] + new + PATCH[place + data.draw(st.integers(0, 2)) :]
    kind = kind_of(text, data.draw(st.sampled_from(FORMS)))
    assert kind is None or kind in COMPLETION_FAULTS


@pytest.mark.parametrize("form", FORMS)
def test_a_repair_is_worth_the_same_in_either_form(form):
    project = Project(tiny_config({"format": {"modification_completion": form}}))
    bench = Bench(project, fresh_seed=1)
    for one in islice(accepted_examples(project.config, None), 2):
        before, after = one.case.degraded.weights, one.case.improved.weights
        texts = patch_text(before, after, 2), json_object(tensor_texts(after, 2))
        as_patch, in_full = (score_modification(one.case, text, bench) for text in texts)
        assert as_patch == in_full
        assert as_patch["passed"]
    copy = score_modification(one.case, '{"network.0.weight":{}}', bench)
    assert (copy["wrong"], copy["changed_numbers"], copy["passed"]) == (None, 0, False)
