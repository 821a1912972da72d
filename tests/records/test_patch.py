"""Patches: short, and with the weights in a prompt exactly the weights after, at every precision."""

import json
import re
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subject_zoo import apply_patch
from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import json_object
from subject_zoo.base.terms import COMPLETION_FAULTS
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import Weights
from subject_zoo.networks.rounding import publishable, round_to_precision
from subject_zoo.networks.text import tensor_texts
from subject_zoo.records.headings import ARCHITECTURE_HEADING, WEIGHTS_HEADING
from subject_zoo.records.patch import WrongPatch, parse_patch, patch_text
from tests.networks.architectures import ARCHITECTURES

PRECISIONS = ("float32", "float16", "bfloat16")
LARGEST = {"float32": np.finfo(np.float32).max, "float16": np.float32(65504), "bfloat16": np.float32(3.3895314e38)}
EXTREMES = [0.0, -0.0, 1e-45, -1e-45, 6e-8, 1.1754944e-38, 0.1, 1 / 3, 2048.5, -65504.0]


def prompt_of(architecture: Architecture, weights: Weights, decimals: int | None) -> str:
    texts = json_object(tensor_texts(weights, decimals))
    return f"{ARCHITECTURE_HEADING}\n{json.dumps(architecture.to_dict())}\n\n{WEIGHTS_HEADING}\n{texts}\n"


def assert_equal_bits(actual: Weights, expected: Weights) -> None:
    assert list(actual) == list(expected)
    for name, array in expected.items():
        assert actual[name].dtype == array.dtype == np.float32
        assert actual[name].shape == array.shape
        np.testing.assert_array_equal(actual[name].view(np.uint32), array.view(np.uint32))


def pair_of(architecture: Architecture, decimals: int | None, share: float, seed: int) -> tuple[Weights, Weights]:
    """Weights before and after, of which about a share differ: of all magnitudes, where decimals do not round them."""
    rng = np.random.default_rng(seed)
    pairs: tuple[Weights, Weights] = ({}, {})
    for name, shape in architecture.tensor_shapes:
        before, new = (rng.normal(size=shape) * 10 ** rng.uniform(-6, 4, shape) for _ in range(2))
        extremes = rng.choice([*EXTREMES, LARGEST[architecture.precision], -LARGEST[architecture.precision]], shape)
        new = np.where(rng.random(shape) < (0.3 if decimals is None else 0.0), extremes, new)
        after = np.where(rng.random(shape) < share, new, before)
        for weights, values in zip(pairs, (before, after), strict=True):
            weights[name] = round_to_precision(np.clip(values, -3.3895e38, 3.3895e38), architecture.precision)
    if decimals is None:
        return pairs
    before, after = (publishable(weights, "none", architecture.precision, decimals) for weights in pairs)
    return before, after


@given(
    architecture=ARCHITECTURES,
    decimals=st.sampled_from([None, *range(1, 10)]),
    share=st.sampled_from([0.0, 0.05, 0.3, 1.0]),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=150)
def test_a_patch_and_the_weights_of_the_prompt_are_the_weights_after(architecture, decimals, share, seed):
    before, after = pair_of(architecture, decimals, share, seed)
    patch = patch_text(before, after, decimals)
    assert not re.search(r"\s", patch)
    assert_equal_bits(apply_patch(prompt_of(architecture, before, decimals), patch), after)
    assert_equal_bits(parse_patch(patch, before, architecture.precision), after)
    listed = sum(int((array.view(np.uint32) != before[name].view(np.uint32)).sum()) for name, array in after.items())
    assert numbers_in(json.loads(patch)) == 2 * listed


def numbers_in(value) -> int:
    if isinstance(value, dict):
        return sum(map(numbers_in, value.values()))
    return len(value)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_extreme_is_exact(precision):
    values = np.array([*EXTREMES, LARGEST[precision], -LARGEST[precision]])
    after = {"network.0.bias": round_to_precision(values, precision)}
    before = {"network.0.bias": np.ones(len(values), np.float32)}
    assert_equal_bits(parse_patch(patch_text(before, after, None), before, precision), after)


def test_a_sign_of_zero_is_a_change():
    before, after = {"network.0.bias": np.float32([0.0, 1.0])}, {"network.0.bias": np.float32([-0.0, 1.0])}
    assert patch_text(before, after, None) == '{"network.0.bias":[0,-0.0]}'
    assert_equal_bits(parse_patch('{"network.0.bias":[0,-0.0]}', before, "float32"), after)


BEFORE = {"network.0.weight": np.zeros((3, 4), np.float32), "network.0.bias": np.zeros(3, np.float32)}


def test_what_a_patch_says():
    after = {name: array.copy() for name, array in BEFORE.items()}
    after["network.0.weight"][[0, 2, 2], [3, 0, 1]] = [0.5, -12.3, 100]
    after["network.0.bias"][1] = -0.25
    patch = '{"network.0.weight":{"0":[3,0.50],"2":[0,-12.3,1,100]},"network.0.bias":[1,-0.25]}'
    assert patch_text(BEFORE, after, 2) == patch
    assert_equal_bits(parse_patch(patch, BEFORE, "float32"), after)
    assert not any(array.any() for array in BEFORE.values())


def test_no_change_is_an_empty_object():
    assert patch_text(BEFORE, BEFORE, 2) == "{}"
    for nothing in ("{}", '{"network.0.weight":{}}', '{"network.0.weight":{"1":[]},"network.0.bias":[]}'):
        assert_equal_bits(parse_patch(nothing, BEFORE, "float32"), BEFORE)


def test_270_changes_of_1900_numbers_are_short():
    architecture = Architecture(7, 7, 3, 20, "relu")
    lengths = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        chosen = rng.permutation(architecture.parameter_count) < 270
        before, after, start = {}, {}, 0
        for name, shape in architecture.tensor_shapes:
            size = int(np.prod(shape))
            before[name] = np.round(rng.normal(0, 0.6, shape), 2).astype(np.float32)
            changed = chosen[start : start + size].reshape(shape)
            after[name] = np.where(changed, np.round(rng.normal(0, 0.6, shape), 2), before[name]).astype(np.float32)
            start += size
        lengths.append(len(patch_text(before, after, 2)))
    assert statistics.median(lengths) < 3000


WRONG = {
    "no_json": [
        "",
        "no JSON",
        "[1, 2]",
        "null",
        '{"network.0.bias":[0,"1.5"]}',
        '{"network.0.bias":[0,true]}',
        "{" * 9,
    ],
    "ambiguous": [
        '{"network.0.bias":[1,0.5,1,0.25]}',
        '{"network.0.bias":[1,0.5],"network.0.bias":[2,0.5]}',
        '{"network.0.weight":{"1":[0,0.5],"1":[1,0.5]}}',
        '{"network.0.weight":{"1":[0,0.5],"01":[1,0.5]}}',
    ],
    "unknown_tensor": ['{"network.2.bias":[0,0.5]}', '{"":{}}'],
    "unknown_place": [
        '{"network.0.bias":[3,0.5]}',
        '{"network.0.bias":[-1,0.5]}',
        '{"network.0.bias":[0.0,0.5]}',
        '{"network.0.bias":[true,0.5]}',
        '{"network.0.bias":["0",0.5]}',
        '{"network.0.weight":{"3":[0,0.5]}}',
        '{"network.0.weight":{"-1":[0,0.5]}}',
        '{"network.0.weight":{"²":[0,0.5]}}',
        '{"network.0.weight":{"2":[4,0.5]}}',
        '{"network.0.weight":{"2":[[0,0.5],[1,0.5]]}}',
    ],
    "wrong_shape": [
        '{"network.0.bias":[0]}',
        '{"network.0.bias":0.5}',
        '{"network.0.bias":{"0":[0,0.5]}}',
        '{"network.0.weight":[[0.5,0,0,0],[0,0,0,0],[0,0,0,0]]}',
        '{"network.0.weight":{"0":{"1":0.5}}}',
    ],
    "not_finite": [
        '{"network.0.bias":[0,NaN]}',
        '{"network.0.bias":[0,-Infinity]}',
        '{"network.0.bias":[0,1e999]}',
        '{"network.0.bias":[0,1e39]}',
        f'{{"network.0.bias":[0,{"9" * 400}]}}',
    ],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in WRONG.items() for text in texts])
def test_every_fault_has_its_kind_and_one_line(kind, text):
    with pytest.raises(WrongPatch) as caught:
        parse_patch(text, BEFORE, "float32")
    assert caught.value.kind == kind
    assert kind in COMPLETION_FAULTS
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "## Weights\n{}\n",
        "## Architecture\n{}\n\n## Weights\n{}\n",
        '## Architecture\n{"precision":"float99"}\n\n## Weights\n{"network.0.bias":[0.5]}\n',
        '## Architecture\n{"precision":"float32"}\n\n## Weights\n{"network.0.bias":"none"}\n',
    ],
)
def test_a_prompt_that_shows_no_network_is_one_line(prompt):
    with pytest.raises(UserError) as caught:
        apply_patch(prompt, "{}")
    assert len(str(caught.value).splitlines()) == 1
