"""What is written of a range of examples comes back, example by example."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.arrays import load_npz, npz_bytes, save_npz
from subject_zoo.base.terms import STAGES
from subject_zoo.examples.files import dataset_arrays, read_datasets, read_plans
from subject_zoo.examples.plan import draw_plan
from subject_zoo.examples.sampler import ExampleDataset, PatternDatasetSampler
from subject_zoo.signatures.files import load_feature_names, load_signatures, read_signatures, signature_arrays
from tests.conftest import small_config

FIELDS = [field.name for field in dataclasses.fields(ExampleDataset)]


@pytest.fixture(scope="module")
def sampled(pools) -> dict:
    """Examples whose plans differ in the number of patterns and in the length of their text."""
    config = small_config({"model": {"dropout_rate": [0.0, 0.5]}})
    sampler = PatternDatasetSampler(config, pools)
    plans = {example_id: draw_plan(config["seed"], example_id, config) for example_id in (4, 5, 6, 999_999_999)}
    assert len({len(str(plan.to_dict())) for plan in plans.values()}) > 1
    return {example_id: (plan, sampler.sample(plan)) for example_id, plan in plans.items()}


def assert_same_examples(back: dict, expected: dict) -> None:
    assert list(back) == list(expected)
    for example_id, (plan, dataset) in expected.items():
        assert back[example_id][0] == plan
        for field in FIELDS:
            np.testing.assert_array_equal(
                getattr(back[example_id][1], field), getattr(dataset, field), err_msg=field, strict=True
            )


@pytest.mark.parametrize("ids", [(4, 5, 6, 999_999_999), (6,), (6, 4)], ids=str)
def test_datasets_come_back(tmp_path, sampled, ids):
    examples = {example_id: sampled[example_id] for example_id in ids}
    save_npz(tmp_path / "dataset.npz", dataset_arrays(examples))
    arrays = load_npz(tmp_path / "dataset.npz")
    assert_same_examples(read_datasets(arrays), examples)
    assert read_plans(arrays) == {example_id: plan for example_id, (plan, _) in examples.items()}
    assert arrays["example_ids"].tolist() == list(ids)
    assert arrays["tokens"].shape == (len(ids), 300, 5)


def test_an_example_is_the_same_in_the_file_of_any_range(sampled):
    everything, alone = (read_datasets(dict(dataset_arrays(some))) for some in (sampled, {5: sampled[5]}))
    assert_same_examples(alone, {5: everything[5]})
    again = {example_id: sampled[example_id] for example_id in sampled}
    assert npz_bytes(dataset_arrays(again)) == npz_bytes(dataset_arrays(sampled))


@given(
    st.dictionaries(st.integers(0, 10**9), st.integers(1, 7), min_size=0, max_size=5),
    st.integers(1, 4),
    st.sampled_from([["degraded"], ["improved"], ["degraded", "improved"]]),
    st.integers(0, 99),
)
def test_signatures_come_back(neurons, features, stages, seed):
    rng = np.random.default_rng(seed)
    names = tuple(f"feature_{number}" for number in range(features))
    signatures = {
        example_id: {stage: rng.normal(size=(rows, features)).astype(np.float32) for stage in stages}
        for example_id, rows in neurons.items()
    }
    arrays = signature_arrays(names, stages, signatures)
    back = read_signatures(arrays)
    assert list(back) == list(neurons)
    for example_id, signed in back.items():
        assert list(signed) == stages
        for stage, expected in signatures[example_id].items():
            np.testing.assert_array_equal(signed[stage], expected, strict=True)
    assert arrays["feature_names"].tolist() == list(names)
    for stage in stages:
        assert arrays[stage].shape == (sum(neurons.values()), features)


def test_signatures_come_back_from_their_file_in_the_order_asked_for(tmp_path):
    degraded = {3: np.full((4, 3), 3, np.float32), 7: np.ones((2, 3), np.float32)}
    signatures = {i: {"degraded": features, "improved": features + 1} for i, features in degraded.items()}
    path = tmp_path / "signatures.npz"
    save_npz(path, signature_arrays(("mean", "std", "pca_1"), STAGES, signatures))
    assert load_npz(path)["offsets"].tolist() == [0, 4, 6]
    assert load_feature_names(path) == ["mean", "std", "pca_1"]
    back = load_signatures(path)
    assert list(back) == [3, 7]
    for example_id, signed in signatures.items():
        for stage, expected in signed.items():
            np.testing.assert_array_equal(back[example_id][stage], expected, strict=True)
