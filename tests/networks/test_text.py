"""Weights come back from text bit for bit, at every precision."""

import json
import re
from decimal import Decimal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import json_object
from subject_zoo.networks.rounding import publishable
from subject_zoo.networks.text import parse_weights, tensor_texts
from tests.networks.architectures import ARCHITECTURES
from tests.networks.models import (
    DECIMALS,
    PRECISIONS,
    all_of_16_bits,
    assert_equal_bits,
    make_model,
    one_line,
)


def near_powers_of_two() -> np.ndarray:
    """float32 values around powers of two, where the distance to the next value changes."""
    powers = np.float32(2.0) ** np.arange(-40, 24, dtype=np.float32)
    steps = np.arange(-64, 65).astype(np.int32)
    return (powers.view(np.int32)[:, None] + steps).view(np.float32).ravel()


def assert_text_is_exact(values: np.ndarray, precision: str, decimals: int | None) -> None:
    """What was published comes back from its text bit for bit, by our parser and by plain json and torch."""
    published = publishable({"network.0.bias": values}, "none", precision, decimals)
    text = json_object(tensor_texts(published, decimals))
    assert_equal_bits(parse_weights(text, precision)["network.0.bias"], published["network.0.bias"])
    rows = json.loads(text)["network.0.bias"]
    tensor = torch.tensor(rows, dtype=PRECISIONS[precision])
    assert_equal_bits(tensor.float().numpy(), published["network.0.bias"])


@pytest.mark.parametrize("decimals", DECIMALS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_text_is_exact_for_every_value(precision, decimals):
    values = near_powers_of_two() if precision == "float32" else all_of_16_bits(precision)
    assert_text_is_exact(np.concatenate([values, -values]), precision, decimals)


@pytest.mark.parametrize("precision", PRECISIONS)
@given(
    values=hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(-60000, 60000, width=32)),
    decimals=st.sampled_from(DECIMALS),
)
def test_text_is_exact_for_any_values(precision, values, decimals):
    assert_text_is_exact(values, precision, decimals)


@given(architecture=ARCHITECTURES, decimals=st.sampled_from(DECIMALS), seed=st.integers(0, 99))
@settings(max_examples=50)
def test_text_of_a_model(architecture, decimals, seed):
    weights = publishable(make_model(architecture, seed).weights, "none", architecture.precision, decimals)
    text = json_object(tensor_texts(weights, decimals))
    assert not re.search(r"\s", re.sub(r"(?<=\d) +(?=[],])", "", text))
    assert not re.search(r"-0\.0*[ \],]", text)
    assert list(json.loads(text)) == list(weights)
    parsed = parse_weights(text, architecture.precision)
    for name, array in weights.items():
        assert parsed[name].shape == array.shape
        assert_equal_bits(parsed[name], array)


@given(values=hnp.arrays(np.float32, 20, elements=st.floats(-100, 100, width=32)), decimals=st.integers(1, 9))
def test_text_has_no_more_decimals_than_asked(values, decimals):
    published = publishable({"network.0.bias": values}, "none", "float32", decimals)
    numbers = json.loads(json_object(tensor_texts(published, decimals)), parse_float=Decimal, parse_int=Decimal)
    for number, value in zip(numbers["network.0.bias"], published["network.0.bias"].tolist(), strict=True):
        own = decimals - max(0, number.adjusted())  # a decimal less for each digit more before the point
        assert -number.normalize().as_tuple().exponent <= own
        assert abs(number - Decimal(value)) <= Decimal(10) ** -own / 2


@given(architecture=ARCHITECTURES, decimals=st.integers(1, 9), seeds=st.tuples(st.integers(0, 99), st.integers(0, 99)))
@settings(max_examples=50)
def test_texts_of_one_architecture_are_equally_long_whatever_the_numbers(architecture, decimals, seeds):
    first, second = (make_model(architecture, seed).weights for seed in seeds)
    texts = [
        tensor_texts({name: np.clip(array, -9, 9) for name, array in weights.items()}, decimals)
        for weights in (first, second, {name: -np.abs(array) for name, array in first.items()})
    ]
    lengths = [{name: len(text) for name, text in of_model.items()} for of_model in texts]
    assert lengths[0] == lengths[1] == lengths[2]
    assert lengths[0] == {
        name: 1 + sum((decimals + 4) * row.size + 2 for row in np.atleast_2d(array)) - 2 * (array.ndim == 1)
        for name, array in first.items()
    }


def test_one_number_too_long_widens_all_tensors_of_its_model():
    weights = {"network.0.weight": np.array([[0.5, -0.25]], np.float32), "network.0.bias": np.float32([123456])}
    assert tensor_texts(weights, 2) == {
        "network.0.weight": "[[0.50   ,-0.25  ]]",
        "network.0.bias": "[123456 ]",
    }


def test_text_without_decimals_is_the_shortest():
    weights = {"network.0.bias": np.array([0.1, 1 / 3, -2.5e-7, 0.0, 16777216], np.float32)}
    assert json.loads(json_object(tensor_texts(weights, None)), parse_float=str)["network.0.bias"] == [
        "0.1",
        "0.33333334",
        "-2.5e-7",
        "0.0",
        "16777216.0",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        '{"network.0.bias": [0.1',
        "[[0.1]]",
        "0.5",
        "null",
        '{"network.0.bias": ["a"]}',
        '{"network.0.bias": ["0.5"]}',
        '{"network.0.bias": [0.5, null]}',
        '{"network.0.bias": [true]}',
        '{"network.0.bias": 0.5}',
        '{"network.0.bias": null}',
        '{"network.0.bias": {"0": 0.5}}',
        '{"network.0.weight": [[0.5, 0.5], [0.5]]}',
        '{"network.0.weight": [[0.5], 0.5]}',
    ],
)
def test_text_of_another_kind_is_one_clear_line(text):
    with pytest.raises(UserError) as error:
        parse_weights(text, "float32")
    assert one_line(error).startswith("weights: ")


def test_whole_numbers_are_numbers():
    (array,) = parse_weights('{"network.0.weight": [[1, 0], [-2, 0.5]]}', "float16").values()
    assert_equal_bits(array, np.array([[1, 0], [-2, 0.5]], np.float32))
