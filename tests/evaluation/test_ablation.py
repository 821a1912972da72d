"""Effects of neurons against a plain loop in float64, by torch's hooks, over sequences told one by one."""

import json

import numpy as np
import pytest
import torch

from subject_zoo.base.terms import ABLATION, ACTIVATIONS, BACKGROUND, STAGES
from subject_zoo.chain import make_examples
from subject_zoo.evaluation.ablation import ablation_effects
from subject_zoo.evaluation.exam import Exam
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.encoding import encode
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.torch_module import SubjectModel
from subject_zoo.project import Project
from subject_zoo.training.start import initial_weights
from tests.finished_dataset import tiny_config

SELECTED = ["palindrome", "has_majority"]


def random_model(activation: str, depth: int, encoding: str, tokens: np.ndarray) -> StoredModel:
    """One that calls half of these sequences positive."""
    architecture = Architecture(7, 5, depth, 6, activation, input_encoding=encoding)
    weights = initial_weights(architecture, np.random.default_rng(0))
    logits = np.sort(KernelMLP(architecture, weights).logits(tokens))
    weights[f"{architecture.linear_names[-1]}.bias"] -= logits[len(logits) // 2 :][:2].mean()
    return StoredModel(architecture, weights, {})


@torch.no_grad()
def logits_with_hook(model: StoredModel, tokens: np.ndarray, layer: int, neuron: int) -> np.ndarray:
    """Logits in float64 where a hook writes 0 over one neuron's output of the nonlinearity."""

    def silence(_module, _inputs, output):
        output[:, neuron] = 0
        return output

    network = SubjectModel(model.architecture, model.weights).network.double()
    nonlinearities = [module for module in network if not isinstance(module, torch.nn.Linear)]
    nonlinearities[layer].register_forward_hook(silence)
    return network(torch.from_numpy(encode(tokens, model.architecture, np.float64)))[:, 0].numpy()


def plain_accuracies(exam: Exam, positive: list[bool]) -> dict[str, float]:
    """Accuracies of two selected patterns and the background, row by row and group by group."""
    names, near = exam.pools.names, exam.near_miss_ratio
    bit = {name: 1 << place for place, name in enumerate(names)}
    members = {
        name: {bytes(row) for row in exam.pools.tokens[rows]}
        for name, rows in zip(names, exam.pools.test_members, strict=True)
    }
    changed = {
        name: {bytes(row) for row in exam.pools.tokens[rows]}
        for name, rows in zip(names, exam.pools.test_near_misses, strict=True)
    }
    plain = {bytes(row) for row in exam.pools.tokens[exam.pools.test_background]}
    rows = list(zip(map(bytes, exam.tokens), exam.masks.tolist(), positive, strict=True))
    smaller, larger = sorted(SELECTED, key=lambda name: exam.pools.counts[names.index(name)])
    owned = {
        smaller: [called for text, _, called in rows if text in members[smaller]],
        larger: [called for text, mask, called in rows if text in members[larger] and not mask & bit[smaller]],
    }
    negative = [row for row in rows if not row[1] & (bit[smaller] | bit[larger])]
    groups = []
    for weight, kinds in (
        (near / 2, [members[name] for name in names if name not in SELECTED]),
        (near / 2, [changed[name] for name in SELECTED]),
        (1 - near, [plain]),
    ):
        parts = [[not called for text, _, called in negative if text in kind] for kind in kinds]
        groups += [(weight / sum(map(bool, parts)), np.mean(part)) for part in parts if part]
    return {name: float(np.mean(owned[name])) for name in SELECTED} | {
        BACKGROUND: sum(weight * mean for weight, mean in groups) / sum(weight for weight, _ in groups)
    }


@pytest.mark.parametrize("encoding", ["one_hot", "ordinal"])
@pytest.mark.parametrize(("activation", "depth"), list(zip(ACTIVATIONS, (1, 2, 3, 2, 3), strict=True)))
def test_effects_are_those_of_hooks_in_float64(pools, activation, depth, encoding):
    exam = Exam(pools, near_miss_ratio=0.4)
    model = random_model(activation, depth, encoding, exam.tokens)
    whole = KernelMLP(model.architecture, model.weights).logits(exam.tokens)
    accuracy = plain_accuracies(exam, (whole > 0).tolist())
    effects = ablation_effects(model, exam, accuracy)
    assert json.loads(json.dumps(effects)) == effects
    assert list(effects) == [str(2 * layer) for layer in range(depth)]
    falls = []
    for layer, of_layer in enumerate(effects.values()):
        assert list(of_layer) == [*SELECTED, BACKGROUND]
        for neuron in range(6):
            logits = logits_with_hook(model, exam.tokens, layer, neuron)
            silenced = plain_accuracies(exam, (logits > 0).tolist())
            for name, values in of_layer.items():
                assert values[neuron] == pytest.approx(accuracy[name] - silenced[name], abs=2e-6)
            falls += [values[neuron] for values in of_layer.values()]
    assert min(falls) < 0 < max(falls)


@pytest.mark.parametrize("neurons", [5, 16, 33])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_silenced_neuron_is_one_whose_weights_are_gone(activation, neurons):
    """Bit for bit, whatever the padding and however many rows fill the last block."""
    architecture = Architecture(7, 5, 3, neurons, activation)
    weights = initial_weights(architecture, np.random.default_rng(neurons))
    tokens = np.random.default_rng(0).integers(0, 7, (70, 5), dtype=np.uint8)
    mlp = KernelMLP(architecture, weights)
    before = mlp.parameters.copy()
    positive = mlp.classify_silenced(tokens)
    assert positive.shape == (70, 3, neurons)
    assert mlp.parameters.tobytes() == before.tobytes()
    for layer, neuron in ((0, 0), (1, neurons // 2), (2, neurons - 1)):
        gone = {name: array.copy() for name, array in weights.items()}
        gone[f"{architecture.linear_names[layer + 1]}.weight"][:, neuron] = 0
        expected = KernelMLP(architecture, gone).logits(tokens) > 0
        np.testing.assert_array_equal(positive[:, layer, neuron], expected)
    np.testing.assert_array_equal(mlp.classify_silenced(tokens[40:41])[0], positive[40])
    assert mlp.classify_silenced(tokens[:0]).shape == (0, 3, neurons)


def test_it_is_a_column_and_changes_nothing_else():
    made = {}
    for ablation in (False, True):
        project = Project(tiny_config({"validation": {"ablation": ablation}}), provenance={"signature_dataset": "none"})
        made[ablation] = make_examples(project, range(5))
    assert [{k: v for k, v in verdict.items() if k != ABLATION} for verdict in made[True].verdicts.values()] == list(
        made[False].verdicts.values()
    )
    assert {i for i, verdict in made[True].verdicts.items() if ABLATION in verdict} == set(made[True].signatures)
    for with_it, without in zip(made[True].records, made[False].records, strict=True):
        effects, metadata = json.loads(with_it.pop(ABLATION)), json.loads(with_it["metadata"])
        assert list(effects) == list(STAGES)
        assert metadata["lengths"].pop("ablation_chars") > 0
        assert metadata == json.loads(without["metadata"])
        assert {**with_it, "metadata": ""} == {**without, "metadata": ""}
        assert list(effects["degraded"]["0"]) == [*metadata["selected_patterns"], BACKGROUND]


def test_without_modification_there_is_one_network_to_silence():
    overlay = {"validation": {"ablation": True}, "task_generation": {"include_modification": False}}
    (record, *_) = make_examples(Project(tiny_config(overlay)), range(4)).records
    assert list(json.loads(record[ABLATION])) == ["improved"]
