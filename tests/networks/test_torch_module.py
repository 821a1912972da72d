"""A subject model as users run it gives what the pipeline computed with it in stacks."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import json_object
from subject_zoo.base.terms import ACTIVATIONS
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.encoding import encode
from subject_zoo.networks.files import save_models
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.text import tensor_texts
from subject_zoo.networks.torch_module import SubjectModel
from subject_zoo.patterns.sequences import to_text
from subject_zoo.patterns.space import PatternSpace
from subject_zoo.training.in_stacks.inference import BlockedInference
from subject_zoo.training.in_stacks.mlp import StackedMLP
from tests.networks.plain_networks import logits_in_float64, make_architecture, make_tokens, make_weights

torch.set_num_threads(1)  # as in every job


@torch.no_grad()
def logits_of(model: SubjectModel, tokens: np.ndarray) -> np.ndarray:
    return model(torch.from_numpy(tokens)).numpy()


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("encoding", ["ordinal", "one_hot"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_logits_equal_the_stacks_and_the_definition(activation, encoding, dropout):
    architectures = [
        make_architecture(activation, neurons_per_layer=n, input_encoding=encoding, dropout_rate=dropout)
        for n in (9, 4, 16)
    ]
    weights = [make_weights(architecture, seed) for seed, architecture in enumerate(architectures)]
    tokens = make_tokens(architectures[0])
    stack = StackedMLP(architectures, width=16)
    stack.load(weights)
    inputs = torch.from_numpy(encode(tokens, architectures[0]))[None].expand(len(architectures), -1, -1)
    stacked = BlockedInference(stack, inputs).logits().numpy()
    for architecture, own, logits in zip(architectures, weights, stacked, strict=True):
        ours = logits_of(SubjectModel(architecture, own), tokens)
        assert ours.dtype == np.float32
        assert ours.std() > 0.01
        np.testing.assert_allclose(ours, logits, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(ours, logits_in_float64(architecture, own, tokens), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("vocab_size", [5, 26])
def test_encodings_against_a_plain_loop(vocab_size):
    tokens = make_tokens(make_architecture(vocab_size=vocab_size), rows=40)
    one_hot = encode(tokens, make_architecture(vocab_size=vocab_size))
    ordinal = encode(tokens, make_architecture(vocab_size=vocab_size, input_encoding="ordinal"))
    assert one_hot.dtype == ordinal.dtype == np.float32
    assert one_hot.shape == (40, 5 * vocab_size)
    for row, sequence in enumerate(tokens.tolist()):
        assert ordinal[row].tolist() == sequence
        columns = [position * vocab_size + token for position, token in enumerate(sequence)]
        assert np.flatnonzero(one_hot[row]).tolist() == columns
        assert set(one_hot[row].tolist()) == {0.0, 1.0}
    stacked = np.stack([tokens, tokens[::-1]])
    np.testing.assert_array_equal(encode(stacked, make_architecture(vocab_size=vocab_size))[0], one_hot)


@pytest.mark.parametrize(("dropout", "places"), [(0.0, [0, 2, 4, 6]), (0.3, [0, 3, 6, 9])])
def test_the_architecture_says_what_torch_builds(dropout, places):
    architecture = make_architecture(dropout_rate=dropout)
    model = SubjectModel(architecture)
    names = [f"network.{place}.{part}" for place in places for part in ("weight", "bias")]
    assert list(model.state_dict()) == names
    assert list(make_weights(architecture)) == names
    assert architecture.linear_names == [f"network.{place}" for place in places]
    assert architecture.parameter_count == sum(p.numel() for p in model.parameters())
    shapes = [module.weight.shape for module in model.network if isinstance(module, nn.Linear)]
    assert shapes == [(outputs, inputs) for inputs, outputs in architecture.layer_sizes]
    assert Architecture.from_dict(architecture.to_dict() | {"more": 1}) == architecture


def test_dropout_does_not_act_when_a_model_is_used():
    architecture = make_architecture(dropout_rate=0.5)
    model = SubjectModel(architecture, make_weights(architecture))
    tokens = make_tokens(architecture)
    np.testing.assert_array_equal(logits_of(model, tokens), logits_of(model, tokens))
    assert not model.training


def test_a_model_has_its_own_copy_of_the_weights():
    architecture = make_architecture()
    weights = make_weights(architecture)
    model = SubjectModel(architecture, weights)
    before = weights["network.0.weight"].copy()
    with torch.no_grad():
        model.network[0].weight.zero_()
    np.testing.assert_array_equal(weights["network.0.weight"], before)


@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
def test_from_record_holds_the_weights_of_the_text(precision):
    architecture = make_architecture("gelu", precision=precision, dropout_rate=0.1)
    stages = {"degraded": make_weights(architecture, 1), "improved": make_weights(architecture, 2)}
    config = json.dumps(architecture.to_dict() | {"parameter_count": 1})
    record = {
        f"{stage}_model_weights": f'{{"config":{config},"weights":{json_object(tensor_texts(weights, 4))}}}'
        for stage, weights in stages.items()
    }
    for stage, weights in stages.items():
        model = SubjectModel.from_record(record, stage)
        assert model.architecture == architecture
        for name, tensor in model.state_dict().items():
            assert tensor.dtype == torch.float32
            np.testing.assert_array_equal(tensor.numpy(), weights[name])
    latest = SubjectModel.from_record(record)
    np.testing.assert_array_equal(latest.network[0].bias.detach().numpy(), stages["improved"]["network.0.bias"])


@pytest.mark.parametrize(("record", "stage"), [({}, "improved"), ({"improved_model_weights": "{}"}, "best")])
def test_a_record_without_that_model_is_one_clear_line(record, stage):
    with pytest.raises(UserError, match=f"{stage}_model_weights") as error:
        SubjectModel.from_record(record, stage)
    assert len(str(error.value).splitlines()) == 1


def test_from_safetensors(tmp_path):
    architecture = make_architecture("tanh", precision="bfloat16")
    weights = {name: make_weights(architecture, seed) for seed, name in enumerate(("000007", "000123/improved"))}
    path = tmp_path / "models.safetensors"
    save_models(path, {name: StoredModel(architecture, own, {}) for name, own in weights.items()})
    for name, own in weights.items():
        model = SubjectModel.from_safetensors(path, name)
        assert model.architecture == architecture
        for tensor_name, tensor in model.state_dict().items():
            np.testing.assert_array_equal(tensor.numpy(), own[tensor_name])
    with pytest.raises(UserError, match=r"000008.*000007") as error:
        SubjectModel.from_safetensors(path, "000008")
    assert str(path) in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_classify_takes_letters():
    architecture = make_architecture()
    model = SubjectModel(architecture, make_weights(architecture))
    tokens = make_tokens(architecture)
    positive = model.classify(to_text(PatternSpace(6, 5), tokens))
    assert positive == (logits_in_float64(architecture, make_weights(architecture), tokens) > 0).tolist()
    assert set(positive) == {True, False}
    assert {type(value) for value in positive} == {bool}


@pytest.mark.parametrize("sequence", ["ABCD", "ABCDEF", "ABCDG", "abcde", "ABC E", ""])
def test_classify_refuses_what_the_model_cannot_read(sequence):
    architecture = make_architecture()
    with pytest.raises(UserError, match="5 letters from A to F") as error:
        SubjectModel(architecture, make_weights(architecture)).classify(["ABCDE", sequence])
    assert len(str(error.value).splitlines()) == 1
