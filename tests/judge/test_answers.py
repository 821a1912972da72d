"""What models write around an answer is taken off where the meaning is certain, and refused where it is not."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subject_zoo.base.terms import COMPLETION_FAULTS
from subject_zoo.judge.answers import LARGEST, WrongAnswer, read_patterns, read_weights
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.rounding import publishable
from subject_zoo.networks.text import tensor_texts
from subject_zoo.training.start import initial_weights

ARCHITECTURE = Architecture(5, 4, 2, 3, "relu", input_encoding="ordinal")
WEIGHTS = publishable(initial_weights(ARCHITECTURE, np.random.default_rng(0)), "none", "float32", 2)
DEGRADED = StoredModel(ARCHITECTURE, {name: -array for name, array in WEIGHTS.items()}, {})
TEXT = "{" + ",".join(f'"{name}":{text}' for name, text in tensor_texts(WEIGHTS, 2).items()) + "}"
ENABLED = ["all_same", "palindrome", "starts_with", "ends_with"]


def assert_read(text: str) -> None:
    found = read_weights(text, DEGRADED, "full")
    assert list(found) == list(WEIGHTS)
    for name, array in WEIGHTS.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def kind_of(text: str) -> str:
    with pytest.raises(WrongAnswer) as caught:
        read_weights(text, DEGRADED, "full")
    assert caught.value.kind in COMPLETION_FAULTS
    assert "\n" not in str(caught.value)
    return caught.value.kind


COMMON = {
    "as it is": lambda text: text,
    "spaces": lambda text: re.sub(r"([\[,])", r"\1  ", text),
    "lines": lambda text: text.replace("],", "],\n  "),
    "a fence": lambda text: f"```json\n{text}\n```",
    "a sentence before": lambda text: f"Here are the improved weights of the whole network: {text}",
    "a sentence after": lambda text: f"{text}\n\nI raised the third bias; the others stay.",
    "both, and a fence": lambda text: f"Sure!\n\n```\n{text}\n```\nThis should help.",
    "numbers without a zero": lambda text: re.sub(r"(?<![\d.])0\.", ".", text),
    "negative ones without a zero": lambda text: text.replace("-0.", "-."),
    "plus signs": lambda text: re.sub(r"([\[,])(?=\d)", r"\1+", text),
    "plus and point": lambda text: re.sub(r"([\[,])0\.", r"\1+.", text),
    "commas at the end": lambda text: re.sub(r"\]", ",]", text).replace("}", ",}"),
    "shortest numbers": lambda text: json.dumps(json.loads(text)),
    "more decimals": lambda text: re.sub(r"(\d\.\d\d)", r"\g<1>0000", text).replace(" ", ""),
    "exponents": lambda text: re.sub(r"-?\d\.\d\d", lambda m: f"{float(m[0]):e}", text),
    "inside weights": lambda text: f'{{"config": {{"num_layers": 2}}, "weights": {text}}}',
    "another order": lambda text: json.dumps(dict(reversed(json.loads(text).items()))),
}


@pytest.mark.parametrize("way", COMMON)
def test_common_ways_to_write_the_same_are_read(way):
    written = COMMON[way](TEXT)
    assert written != TEXT or way == "as it is"
    assert_read(written)


def test_whole_numbers_with_a_point_are_read():
    weights = {name: np.ones_like(array) for name, array in WEIGHTS.items()}
    text = json.dumps({name: array.tolist() for name, array in weights.items()}).replace("1.0", "1.")
    assert "1.," in text
    assert (read_weights(text, DEGRADED, "full")["network.0.weight"] == 1).all()


def edited(edit) -> str:
    tensors = json.loads(TEXT)
    edit(tensors)
    return json.dumps(tensors)


FAULTS = {
    "empty": ["", "  \n"],
    "no_json": [
        "I cannot do that.",
        TEXT.replace("[", "(", 1),
        edited(lambda t: t.update({"network.0.bias": "small"})),
        edited(lambda t: t.update({"network.0.bias": [True, False, True]})),
        edited(lambda t: t.update({"network.0.bias": None})),
        edited(lambda t: t["network.0.bias"].__setitem__(0, "1.5")),
        TEXT.replace("network.0.bias", 'network.0.bias": __import__("os").getcwd(), "x'),
    ],
    "cut_off": [TEXT[:-1], TEXT[: len(TEXT) // 2], "```json\n" + TEXT[:40]],
    "ambiguous": [TEXT + TEXT, f"Before: {TEXT}\nAfter: {TEXT}", TEXT[:-1] + "," + TEXT[1:]],
    "unknown_tensor": [edited(lambda t: t.update({"network.9.weight": [[1.0]]})), '{"answer": 1}'],
    "missing_tensor": [edited(lambda t: t.pop("network.0.bias")), "{}"],
    "wrong_shape": [
        edited(lambda t: t["network.0.weight"].pop()),
        edited(lambda t: t["network.0.weight"][0].pop()),
        edited(lambda t: t.update({"network.0.bias": 1.0})),
        edited(lambda t: t.update({"network.0.bias": [t["network.0.bias"]]})),
    ],
    "not_finite": [
        TEXT.replace("[[", "[[NaN,", 1),
        TEXT.replace("[[", "[[-Infinity,", 1),
        edited(lambda t: t["network.0.bias"].__setitem__(0, 10.0**308)).replace("1e+308", "1e999"),
    ],
    "too_large": [edited(lambda t: t["network.0.bias"].__setitem__(0, 2 * LARGEST))],
    "too_long": ["{" + " " * 500_000],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in FAULTS.items() for text in texts])
def test_every_fault_has_its_kind(kind, text):
    assert kind_of(text) == kind


def read_or_kind(read):
    """What was read, or the kind of its fault."""
    try:
        return read()
    except WrongAnswer as error:
        return error.kind


def test_a_number_beyond_the_precision_is_not_finite():
    half = StoredModel(Architecture(5, 4, 2, 3, "relu", input_encoding="ordinal", precision="float16"), WEIGHTS, {})
    with pytest.raises(WrongAnswer) as caught:
        read_weights(edited(lambda t: t["network.0.bias"].__setitem__(0, 70000.0)), half, "full")
    assert caught.value.kind == "not_finite"


@settings(max_examples=200)
@given(st.data())
def test_any_text_is_read_or_refused(data):
    """A character more, less or another: the answer is weights of the right shapes, or a fault with a kind."""
    place = data.draw(st.integers(0, len(TEXT)))
    new = data.draw(st.text(alphabet='0123456789.,-+eE[]{}":ab \n', max_size=3))
    text = TEXT[:place] + new + TEXT[place + data.draw(st.integers(0, 2)) :]
    found = read_or_kind(lambda: read_weights(text, DEGRADED, "full"))
    if isinstance(found, dict):
        assert {name: array.shape for name, array in found.items()} == dict(ARCHITECTURE.tensor_shapes)
    else:
        assert found in COMPLETION_FAULTS


@given(st.text(max_size=200))
def test_no_text_raises_anything_else(text):
    assert read_or_kind(lambda: read_weights(text, DEGRADED, "full")) in COMPLETION_FAULTS
    named = read_or_kind(lambda: read_patterns(text, ENABLED))
    assert named in COMPLETION_FAULTS if isinstance(named, str) else named <= set(ENABLED)


@pytest.mark.parametrize(
    "text",
    [
        "palindrome, ends_with",
        " palindrome , ends_with ",
        "palindrome and ends_with",
        "palindrome\nends_with\n",
        "- palindrome\n- ends_with",
        "* `palindrome`\n* `ends_with`",
        '["palindrome", "ends_with"]',
        "```\npalindrome, ends_with\n```",
        "The patterns are: palindrome, ends_with.",
        "It classifies palindrome and ends_with as positive.",
        "ends_with, palindrome, palindrome",
        "**palindrome**, **ends_with**",
        "Palindrome and Ends_with.",
    ],
)
def test_names_are_read_however_they_are_listed(text):
    assert read_patterns(text, ENABLED) == {"palindrome", "ends_with"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty"),
        ("none", "no_names"),
        ("I am not sure.", "no_names"),
        ("palindromes", "no_names"),
        ("palindrome, zigzag, ends_with", "unclear"),
        ("sorted_ascending, palindrome", "unclear"),  # a pattern, but none of those that were listed
        ("palindrome, ends_with, sorted_ascending", "unclear"),
        ("palindrome but not ends_with", "unclear"),
        ("not palindrome", "unclear"),
        ("Not palindrome", "unclear"),
        ("It cannot tell palindrome", "unclear"),
        ('{"palindrome": false}', "unclear"),
        ("It doesn't find palindrome", "unclear"),
        ("x" * 200_000, "too_long"),
    ],
)
def test_lists_that_are_none_have_a_kind(text, kind):
    with pytest.raises(WrongAnswer) as caught:
        read_patterns(text, ENABLED)
    assert caught.value.kind == kind
