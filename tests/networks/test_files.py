"""Weights come back from files and from text bit for bit, at every precision."""

import json
import re
from decimal import Decimal

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors import safe_open

from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import json_object
from subject_zoo.base.terms import ACTIVATIONS
from subject_zoo.config.sizes import MODEL_IN_HEADER, TENSOR_IN_HEADER
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.files import load_models, load_range, save_models, save_range
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.rounding import publishable, round_to_precision
from subject_zoo.networks.text import parse_weights, tensor_texts

HERE = {"device": "cpu", "numpy": "2.4.6"}
PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
DECIMALS = (None, *range(1, 10))

architectures = st.builds(
    Architecture,
    vocab_size=st.integers(5, 9),
    sequence_length=st.integers(4, 7),
    num_layers=st.integers(1, 6),
    neurons_per_layer=st.integers(1, 9),
    activation_type=st.sampled_from(ACTIVATIONS),
    dropout_rate=st.sampled_from([0.0, 0.25]),
    input_encoding=st.sampled_from(["ordinal", "one_hot"]),
    precision=st.sampled_from(sorted(PRECISIONS)),
)


def make_model(architecture: Architecture, seed: int = 0) -> StoredModel:
    """Weights at the architecture's precision, of magnitudes from subnormal to large, zeros among them."""
    rng = np.random.default_rng(seed)
    weights = {}
    for name, (inputs, outputs) in zip(architecture.linear_names, architecture.layer_sizes, strict=True):
        for part, shape in (("weight", (outputs, inputs)), ("bias", (outputs,))):
            values = rng.normal(size=shape) * 10 ** rng.uniform(-8, 4, shape) * (rng.random(shape) < 0.9)
            weights[f"{name}.{part}"] = round_to_precision(values, architecture.precision)
    return StoredModel(architecture, weights, {"best_epoch": seed, "training_loss": [0.7, 0.1 + 0.2]})


def assert_equal_bits(actual: np.ndarray, expected: np.ndarray) -> None:
    assert actual.dtype == expected.dtype == np.float32
    np.testing.assert_array_equal(actual.view(np.uint32), expected.view(np.uint32))


def assert_equal_models(actual: StoredModel, expected: StoredModel) -> None:
    assert actual.architecture == expected.architecture
    assert actual.training == expected.training
    assert list(actual.weights) == list(expected.weights)
    for name, array in expected.weights.items():
        assert actual.weights[name].shape == array.shape
        assert_equal_bits(actual.weights[name], array)


def one_line(error: pytest.ExceptionInfo) -> str:
    message = str(error.value)
    assert len(message.splitlines()) == 1
    return message


# Files


@given(
    st.lists(
        st.tuples(st.from_regex(r"[0-9]{6}(/(degraded|improved))?", fullmatch=True), architectures),
        unique_by=lambda named: named[0],
        max_size=4,
    )
)
@settings(deadline=None, max_examples=30)
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


@pytest.fixture(scope="module")
def good_file(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("good") / "file"
    save_range(path, {i: make_model(Architecture(5, 4, 1, 2, "relu", 0.0, "ordinal"), i) for i in range(2)}, HERE)
    return path.read_bytes()


@given(data=st.data())
@settings(deadline=None, max_examples=50)
def test_a_part_of_a_file_is_one_clear_line(tmp_path_factory, good_file, data):
    path = tmp_path_factory.mktemp("part") / "part.safetensors"
    path.write_bytes(good_file[: data.draw(st.integers(0, len(good_file) - 1))])
    with pytest.raises(UserError) as error:
        load_range(path)
    assert str(path) in one_line(error)


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_a_damaged_file_is_read_or_one_clear_line(tmp_path_factory, good_file, data):
    damaged = bytearray(good_file)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "damaged.safetensors"
    path.write_bytes(damaged)
    message = None
    try:
        load_models(path)
    except UserError as error:
        message = str(error)
    assert message is None or (str(path) in message and len(message.splitlines()) == 1)


def without_a_tensor(tensors, metadata):
    del tensors["000000/network.2.bias"]


def without_trainings(tensors, metadata):
    del tensors["training"]


def with_the_training_of_others(tensors, metadata):
    tensors["training"] = torch.tensor(list(b'{"000001": {"training": {}}}'), dtype=torch.uint8)


def with_a_training_that_is_no_json(tensors, metadata):
    tensors["training"] = torch.tensor([123, 255], dtype=torch.uint8)


def with_integers(tensors, metadata):
    tensors["000000/network.2.bias"] = torch.zeros(1, dtype=torch.int64)


def with_another_shape(tensors, metadata):
    tensors["000000/network.0.weight"] = torch.zeros(3, 4)


def transposed(tensors, metadata):
    tensors["000000/network.0.weight"] = tensors["000000/network.0.weight"].T.contiguous()


def without_metadata(tensors, metadata):
    metadata.clear()


def with_a_list_of_models(tensors, metadata):
    metadata["models"] = "[1]"


def with_an_unknown_field(tensors, metadata):
    described = json.loads(metadata["models"])
    described["000000"]["architecture"]["colour"] = "red"
    metadata["models"] = json.dumps(described)


@pytest.mark.parametrize(
    "damage",
    [
        without_a_tensor,
        without_trainings,
        with_the_training_of_others,
        with_a_training_that_is_no_json,
        with_integers,
        with_another_shape,
        transposed,
        without_metadata,
        with_a_list_of_models,
        with_an_unknown_field,
    ],
)
def test_other_safetensors_files_are_one_clear_line(tmp_path, damage):
    path = tmp_path / "file.safetensors"
    save_range(path, {0: make_model(Architecture(5, 4, 1, 2, "relu", 0.0, "ordinal"))}, HERE)
    tensors = safetensors.torch.load_file(path)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    safetensors.torch.save_file(tensors, path, metadata)
    load_range(path)  # the way there and back is not what is refused
    damage(tensors, metadata)
    safetensors.torch.save_file(tensors, path, metadata)
    with pytest.raises(UserError) as error:
        load_range(path)
    assert str(path) in one_line(error)


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 8, b"\xff" * 64, b"a text file, and a long one\n" * 9])
def test_files_of_another_kind_are_one_clear_line(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UserError) as error:
        load_models(tmp_path / "file")
    assert str(tmp_path / "file") in one_line(error)


# Precision

finite_floats = hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(width=32, allow_nan=False))


def all_of_16_bits(precision: str) -> np.ndarray:
    """Every finite value of a 16-bit format, as float32."""
    bits = np.arange(1 << 16, dtype=np.uint32)
    values = (bits << 16).view(np.float32)
    if precision == "float16":
        values = bits.astype(np.uint16).view(np.float16).astype(np.float32)
    return values[np.isfinite(values)]


@pytest.mark.parametrize("precision", PRECISIONS)
@given(values=finite_floats)
@settings(deadline=None)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_rounding_equals_torchs(precision, values):
    expected = torch.from_numpy(values.copy()).to(PRECISIONS[precision]).float().numpy()
    assert_equal_bits(round_to_precision(values, precision), expected)


def test_bfloat16_rounds_ties_and_their_neighbours_as_torch_does():
    upper = np.arange(1 << 16, dtype=np.uint32) << 16
    for lower in (0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF):
        values = (upper | lower).view(np.float32)
        values = values[~np.isnan(values)]
        expected = torch.from_numpy(values.copy()).bfloat16().float().numpy()
        assert_equal_bits(round_to_precision(values, "bfloat16"), expected)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_values_of_a_format_stay_what_they_are(precision):
    values = all_of_16_bits(precision)
    assert_equal_bits(round_to_precision(values, precision), values)


# Text


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
@settings(deadline=None)
def test_text_is_exact_for_any_values(precision, values, decimals):
    assert_text_is_exact(values, precision, decimals)


@given(architecture=architectures, decimals=st.sampled_from(DECIMALS), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=50)
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
@settings(deadline=None)
def test_text_has_no_more_decimals_than_asked(values, decimals):
    published = publishable({"network.0.bias": values}, "none", "float32", decimals)
    numbers = json.loads(json_object(tensor_texts(published, decimals)), parse_float=Decimal, parse_int=Decimal)
    for number, value in zip(numbers["network.0.bias"], published["network.0.bias"].tolist(), strict=True):
        own = decimals - max(0, number.adjusted())  # a decimal less for each digit more before the point
        assert -number.normalize().as_tuple().exponent <= own
        assert abs(number - Decimal(value)) <= Decimal(10) ** -own / 2


@given(architecture=architectures, decimals=st.integers(1, 9), seeds=st.tuples(st.integers(0, 99), st.integers(0, 99)))
@settings(deadline=None, max_examples=50)
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
