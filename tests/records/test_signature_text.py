"""A signature's JSON is that of its rounded values' profiles, and as long for any other signature of its shape."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from subject_zoo.base.numbers import round_to_width
from subject_zoo.base.terms import SIGNATURE_METHODS
from subject_zoo.records.signature_text import SignatureText
from subject_zoo.signatures.extractor import ActivationSignatureExtractor

PATTERNS = ("palindrome", "all_same")


def make_extractor(methods: list[str], components: int) -> ActivationSignatureExtractor:
    member = np.array([[True, False], [False, True], [False, False], [True, True]])
    return ActivationSignatureExtractor(methods, member, PATTERNS, components)


extractors = st.builds(
    make_extractor, st.lists(st.sampled_from(SIGNATURE_METHODS), min_size=1, unique=True), st.integers(1, 11)
)
decimal_counts = st.integers(0, 9)


def features_of(extractor: ActivationSignatureExtractor, neurons: int, seed: int, scale: float = 1.0) -> np.ndarray:
    shape = neurons, len(extractor.feature_names)
    rng = np.random.default_rng(seed)
    return (rng.normal(0, scale, shape) * (rng.random(shape) < 0.9)).astype(np.float32)


def in_order(text: str) -> Any:
    """JSON with each object as a tuple of its pairs, whose order counts."""
    return json.loads(text, object_pairs_hook=tuple)


@given(
    extractor=extractors,
    neurons=st.integers(1, 12),
    seed=st.integers(0, 99),
    decimals=decimal_counts,
    scale=st.sampled_from([0.1, 1, 30, 1e4]),
)
def test_both_forms_are_the_json_of_the_rounded_values(extractor, neurons, seed, decimals, scale):
    features = features_of(extractor, neurons, seed, scale)
    writer = SignatureText(extractor, decimals)
    cells = writer.cells(features)
    rounded = round_to_width(features.astype(np.float64), decimals)
    in_full = {
        "neuron_profiles": {str(neuron): extractor.profile(row) for neuron, row in enumerate(rounded)},
        "layer_info": {
            "num_neurons": neurons,
            "num_examples": 4,
            "profile_methods": list(extractor.methods),
            "list_entries": extractor.list_entries,
        },
    }
    compact = {name: rounded[:, place].tolist() for place, name in enumerate(extractor.feature_names)}
    assert in_order(writer.in_full(writer.profiles(cells))) == in_order(json.dumps(in_full))
    every = range(len(compact))
    assert in_order(writer.compact(cells, every)) == in_order(json.dumps(compact))
    some = every[::2]
    expected = {name: values for place, (name, values) in enumerate(compact.items()) if place in some}
    assert in_order(writer.compact(cells[:, some], some)) == in_order(json.dumps(expected))


@given(
    extractor=extractors,
    tables=st.integers(1, 12).flatmap(
        lambda neurons: st.tuples(
            *[hnp.arrays(np.float32, (neurons, 60), elements=st.floats(-90, 90, width=32)) for _ in range(2)]
        )
    ),
    decimals=st.integers(1, 9),
)
def test_lengths_do_not_depend_on_the_numbers(extractor, tables, decimals):
    writer, features = SignatureText(extractor, decimals), len(extractor.feature_names)
    lengths = set()
    for table in (*tables, -tables[0]):
        cells = writer.cells(table[:, :features])
        lengths.add((len(writer.compact(cells, range(features))), *map(len, writer.profiles(cells))))
    assert len(lengths) == 1


def test_an_example():
    extractor = make_extractor(["mean", "pca", "clustering"], 2)
    assert extractor.feature_names == (
        *("mean", "pca.0", "pca.1"),
        *("clustering.low", "clustering.high", "clustering.share"),
    )
    writer = SignatureText(extractor, 1)
    cells = writer.cells(np.float32([[0.26, -1, 12.3, 0, -0.04, 1], [-5, 2, 3, 4, 5, 6]]))
    assert writer.profiles(cells) == [
        '{"mean":0.3 ,"pca":[-1.0,12  ],"clustering":[0.0 ,0.0 ,1.0 ]}',
        '{"mean":-5.0,"pca":[2.0 ,3.0 ],"clustering":[4.0 ,5.0 ,6.0 ]}',
    ]
    assert writer.compact(cells, range(6)) == (
        '{"mean":[0.3 ,-5.0],"pca.0":[-1.0,2.0 ],"pca.1":[12  ,3.0 ],'
        '"clustering.low":[0.0 ,4.0 ],"clustering.high":[0.0 ,5.0 ],"clustering.share":[1.0 ,6.0 ]}'
    )


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_damaged_signature_can_be_written(broken):
    """The verifier writes what a dataset's files hold, whatever that is, to compare it with the record."""
    extractor = make_extractor(["mean", "std"], 1)
    writer = SignatureText(extractor, 2)
    cells = writer.cells(np.float32([[broken, -0.5]]))
    assert writer.profiles(cells) == ['{"mean":null ,"std":-0.50}']
    assert writer.profiles(cells[:0]) == []
    assert writer.compact(cells[:0], [0, 1]) == '{"mean":[],"std":[]}'
