"""Weights come back from files bit for bit, at every precision."""

import json

import numpy as np
import pytest
import safetensors.torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from subject_zoo.config.sizes import MODEL_IN_HEADER, TENSOR_IN_HEADER
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.files import load_models, load_range, save_models, save_range
from subject_zoo.networks.model import StoredModel
from tests.networks.architectures import ARCHITECTURES
from tests.networks.models import HERE, PRECISIONS, assert_equal_bits, assert_equal_models, make_model


@given(
    st.lists(
        st.tuples(st.from_regex(r"[0-9]{6}(/(degraded|improved))?", fullmatch=True), ARCHITECTURES),
        unique_by=lambda named: named[0],
        max_size=4,
    )
)
@settings(max_examples=30)
def test_a_file_gives_back_every_model_in_order(tmp_path_factory, named):
    path = tmp_path_factory.mktemp("weights") / "models.safetensors"
    models = {name: make_model(architecture, seed) for seed, (name, architecture) in enumerate(named)}
    save_models(path, models)
    loaded = load_models(path)
    assert list(loaded) == list(models)
    for name, model in models.items():
        assert_equal_models(loaded[name], model)


def test_a_range_is_kept_by_example_id(tmp_path):
    models = {i: make_model(Architecture(7, 7, 2, 5, "relu"), i) for i in (100, 7, 1_234_567)}
    save_range(tmp_path / "range.safetensors", models, HERE)
    loaded = load_range(tmp_path / "range.safetensors")
    assert list(loaded) == list(models)
    assert list(load_models(tmp_path / "range.safetensors")) == ["000100", "000007", "1234567"]
    some = load_range(tmp_path / "range.safetensors", kept=[1_234_567, 100, 8])  # of those that there are
    assert list(some) == [100, 1_234_567]
    for example_id, model in models.items():
        assert_equal_models(loaded[example_id], model)
    for example_id, model in some.items():
        assert_equal_models(model, models[example_id])


def test_equal_models_give_equal_bytes(tmp_path):
    models = {f"{i:06d}": make_model(Architecture(7, 7, 3, 5, "gelu"), i) for i in range(12)}
    for name in ("a", "b"):
        save_models(tmp_path / name, {key: make_model(m.architecture, int(key)) for key, m in models.items()})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_layers_come_back_in_numeric_order(tmp_path):
    model = make_model(Architecture(7, 7, 6, 3, "tanh", dropout_rate=0.1))
    shuffled = dict(sorted(model.weights.items(), reverse=True))
    save_models(tmp_path / "file", {"000000": StoredModel(model.architecture, shuffled, {})})
    parts = [f"network.{n}.{part}" for n in (0, 3, 6, 9, 12, 15, 18) for part in ("weight", "bias")]
    assert list(load_models(tmp_path / "file")["000000"].weights) == parts


def test_arrays_need_not_be_contiguous(tmp_path):
    model = make_model(Architecture(7, 7, 2, 5, "relu", precision="bfloat16"))
    twisted = {name: np.asfortranarray(array) for name, array in model.weights.items()}
    assert not twisted["network.0.weight"].flags.c_contiguous
    save_models(tmp_path / "file", {"000000": StoredModel(model.architecture, twisted, model.training)})
    assert_equal_models(load_models(tmp_path / "file")["000000"], model)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("dropout", "stride"), [(0.0, 2), (0.25, 3)])
def test_plain_safetensors_reads_the_file(tmp_path, precision, dropout, stride):
    architecture = Architecture(6, 5, 2, 4, "relu", dropout, "one_hot", precision)
    models = {i: make_model(architecture, i) for i in (3, 123)}
    save_range(tmp_path / "degraded.safetensors", models, HERE)
    tensors = safetensors.torch.load_file(tmp_path / "degraded.safetensors")
    shapes = {
        "network.0.weight": (4, 30),
        "network.0.bias": (4,),
        f"network.{stride}.weight": (4, 4),
        f"network.{stride}.bias": (4,),
        f"network.{2 * stride}.weight": (1, 4),
        f"network.{2 * stride}.bias": (1,),
    }
    told = json.loads(tensors.pop("training").numpy().tobytes())
    assert set(tensors) == {f"{example}/{name}" for example in ("000003", "000123") for name in shapes}
    for example_id, model in models.items():
        for name, shape in shapes.items():
            tensor = tensors[f"{example_id:06d}/{name}"]
            assert tensor.dtype == PRECISIONS[precision]
            assert tuple(tensor.shape) == shape
            assert_equal_bits(tensor.float().numpy(), model.weights[name])
    with safe_open(tmp_path / "degraded.safetensors", "pt") as file:
        described = json.loads(file.metadata()["models"])
    assert list(described) == list(told) == ["000003", "000123"]
    for example_id, model in models.items():
        assert described[f"{example_id:06d}"] == {"architecture": architecture.to_dict()}
        assert told[f"{example_id:06d}"] == {"training": model.training, "environment": HERE}


def test_a_ranges_file_says_where_its_models_were_trained(tmp_path):
    models = {i: make_model(Architecture(7, 7, 2, 5, "relu"), i) for i in (0, 1)}
    save_range(tmp_path / "range", models, HERE)
    assert [model.environment for model in load_range(tmp_path / "range").values()] == [HERE, HERE]
    save_models(tmp_path / "shard", {"000000/degraded": models[0]})  # which is the same wherever it was made
    assert load_models(tmp_path / "shard")["000000/degraded"].environment == {}


def header_size(path) -> int:
    with open(path, "rb") as file:
        return int.from_bytes(file.read(8), "little")


def test_learning_curves_have_no_part_in_a_header_that_may_hold_100_mb(tmp_path):
    """8,000 examples with curves of 300 epochs had one of 156 MB: "header too large", after all training."""
    network = make_model(Architecture(5, 4, 1, 2, "relu", 0.0, "ordinal"))
    curves = {"validation_loss": "0.123456, " * 4_000_000}
    models = {f"{i:06d}": StoredModel(network.architecture, network.weights, curves) for i in range(3)}
    save_models(tmp_path / "file", models)
    assert (tmp_path / "file").stat().st_size > 100_000_000
    assert header_size(tmp_path / "file") < 3_000
    loaded = load_models(tmp_path / "file")
    assert all(model.training == curves for model in loaded.values())
    assert_equal_bits(loaded["000002"].weights["network.0.weight"], network.weights["network.0.weight"])


@pytest.mark.parametrize("layers", [1, 16])
def test_a_header_takes_no_more_than_the_configuration_is_checked_for(tmp_path, layers):
    architecture = Architecture(26, 20, layers, 100, "leaky_relu", 0.1 + 0.2, "ordinal", "bfloat16")
    weights = {name: np.zeros(shape, np.float32) for name, shape in architecture.tensor_shapes}
    count = 3
    models = {f"{123_456_789 + i}/degraded": StoredModel(architecture, weights, {}) for i in range(count)}
    save_models(tmp_path / "file", models)
    longer = 2 * (12 - len(str((tmp_path / "file").stat().st_size)))  # a tensor's offsets in a file of a terabyte
    of_model = MODEL_IN_HEADER + len(weights) * (TENSOR_IN_HEADER - longer)
    assert header_size(tmp_path / "file") < count * of_model
