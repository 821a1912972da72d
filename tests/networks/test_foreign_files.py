"""A file that is no file of models, or a part of one, is one clear line."""

import json

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from subject_zoo.base.errors import UserError
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.files import load_models, load_range, save_range
from tests.networks.models import HERE, make_model, one_line


@pytest.fixture(scope="module")
def good_file(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("good") / "file"
    save_range(path, {i: make_model(Architecture(5, 4, 1, 2, "relu", 0.0, "ordinal"), i) for i in range(2)}, HERE)
    return path.read_bytes()


@given(data=st.data())
@settings(max_examples=50)
def test_a_part_of_a_file_is_one_clear_line(tmp_path_factory, good_file, data):
    path = tmp_path_factory.mktemp("part") / "part.safetensors"
    path.write_bytes(good_file[: data.draw(st.integers(0, len(good_file) - 1))])
    with pytest.raises(UserError) as error:
        load_range(path)
    assert str(path) in one_line(error)


@given(data=st.data())
@settings(max_examples=100)
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
