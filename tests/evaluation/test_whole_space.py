"""Figures of the whole space against plain loops over its sequences, networks in float64."""

import itertools
import json
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from subject_zoo import chain
from subject_zoo.base.terms import BACKGROUND, EXACT, STAGES
from subject_zoo.evaluation import whole_space
from subject_zoo.evaluation.whole_space import balanced_precision, measure_exactly
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import StoredModel
from subject_zoo.patterns.sequences import sequences_in_order, to_text
from subject_zoo.project import Project
from tests.conftest import small_config
from tests.finished_dataset import tiny_config
from tests.plain_sequences import PlainSequences

# 5 ** 4 sequences: palindromes, which are few, are trained on whole; the others are held out.
PATTERNS = {
    "enabled": ["palindrome", "ends_with", "has_majority", "first_last_match"],
    "vocab_size": 5,
    "sequence_length": 4,
    "ends_with": "D",
}
SEQUENCES = np.array(list(itertools.product(range(5), repeat=4)), np.uint8)
OVERLAY = {"patterns": PATTERNS, "dataset": {"min_holdout": 30}, "validation": {"exact": True}}


@pytest.fixture(scope="module")
def project() -> Project:
    return Project(small_config(OVERLAY))


def model_of(encoding: str, seed: int, positive: float = 0.4) -> StoredModel:
    """A random network that calls about this share of all sequences positive."""
    rng, architecture = np.random.default_rng(seed), Architecture(5, 4, 2, 6, "tanh", input_encoding=encoding)
    weights = {}
    for name, (inputs, outputs) in zip(architecture.linear_names, architecture.layer_sizes, strict=True):
        weights[f"{name}.weight"] = (rng.normal(size=(outputs, inputs)) / 2).astype(np.float32)
        weights[f"{name}.bias"] = np.zeros(outputs, np.float32)
    logits = np.sort(KernelMLP(architecture, weights).logits(SEQUENCES))
    place = int((1 - positive) * (len(logits) - 1))
    weights[f"{name}.bias"] -= logits[place : place + 2].mean()
    return StoredModel(architecture, weights, {})


def plain_verdict(model: StoredModel, sequence: list[int]) -> bool:
    """Whether a network's logit of one sequence is above 0, layer after layer."""
    values = np.array(sequence, float)
    if model.architecture.input_encoding == "one_hot":
        values = np.concatenate([np.eye(5)[token] for token in sequence])
    weights = [array.astype(float) for array in model.weights.values()]
    for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        values = np.tanh(weight @ values + bias)
    return bool((weights[-2] @ values + weights[-1])[0] > 0)


def share(values: list[bool]) -> float | None:
    return sum(values) / len(values) if values else None


@pytest.mark.parametrize("selected", [("ends_with",), ("palindrome", "has_majority")], ids="+".join)
@pytest.mark.parametrize("encoding", ["one_hot", "ordinal"])
def test_figures_are_those_of_a_loop_over_all_sequences(project, monkeypatch, encoding, selected):
    monkeypatch.setattr(whole_space, "_CHUNK", 100)
    plain, fresh = PlainSequences(project.config), Project(project.config)
    assert plain.rare == {"palindrome"}
    models = {stage: model_of(encoding, seed) for seed, stage in enumerate(STAGES)}
    accuracy = {"accuracy": dict.fromkeys([*selected, BACKGROUND], 0.5)}
    verdict = {"selected_patterns": list(selected)} | dict.fromkeys(STAGES, accuracy)
    exact = measure_exactly(fresh.whole_space, models, verdict)
    assert json.loads(json.dumps(exact)) == exact

    holds = {text: plain.satisfied(text) for text in plain.everything()}
    right = {text for text, names in holds.items() if names & set(selected)}
    assert (exact["sequences"], exact["satisfying"]) == (625, len(right))
    for stage, model in models.items():
        called = {
            text: plain_verdict(model, sequence) for text, sequence in zip(holds, SEQUENCES.tolist(), strict=True)
        }
        positive = [text for text in holds if called[text]]
        assert 0 < len(positive) < 625
        assert exact[stage]["called_positive"] == len(positive)
        assert exact[stage]["precision"] == pytest.approx(share([text in right for text in positive]), abs=1e-6)
        assert exact[stage]["recall"] == pytest.approx(share([called[text] for text in right]), abs=1e-6)
        for name, parts in exact[stage]["positive_rate"].items():
            members = {text: plain.slice_of(text) for text in holds if name in holds[text]}
            tested = "shared" if name in plain.rare else "test"
            groups = {
                "train": [text for text, of in members.items() if of in ("train", "shared")],
                "test": [text for text, of in members.items() if of == tested],
                "all": list(members),
            }
            assert {part: len(group) for part, group in groups.items()} == fresh.whole_space.members[name]
            for part, group in groups.items():
                assert parts[part] == pytest.approx(share([called[text] for text in group]), abs=1e-6)


def test_a_network_that_calls_nothing_positive_has_no_precision(project):
    accuracy = {"accuracy": {"ends_with": 0.0, BACKGROUND: 1.0}}
    verdict = {"selected_patterns": ["ends_with"], "improved": accuracy}
    exact = measure_exactly(project.whole_space, {"improved": model_of("one_hot", 0, positive=0.0)}, verdict)
    figures = exact["improved"]
    assert (figures["called_positive"], figures["precision"], figures["recall"]) == (0, None, 0.0)
    assert figures["balanced_precision"] is None


def test_sequences_come_in_the_order_of_a_dictionary(project):
    texts = PlainSequences(project.config).everything()
    assert to_text(project.space, sequences_in_order(project.space, 0, 625)) == texts
    assert to_text(project.space, sequences_in_order(project.space, 99, 301)) == texts[99:301]


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        ({"t": 1.0, BACKGROUND: 0.5}, 2 / 3),
        ({"t": 0.9, "u": 0.7, BACKGROUND: 1.0}, 1.0),
        ({"t": 0.9, "u": 0.7, BACKGROUND: 0.9}, 0.8 / 0.9),
        ({"t": 0.0, BACKGROUND: 1.0}, None),
    ],
)
def test_precision_on_a_balanced_test(accuracy, expected):
    assert balanced_precision(accuracy) == (None if expected is None else pytest.approx(expected, abs=1e-6))


def test_it_changes_nothing_else_of_a_verdict_or_a_record():
    made = {}
    for exact in (False, True):
        project = Project(tiny_config({"validation": {"exact": exact}}), provenance={"signature_dataset": "none"})
        made[exact] = chain.make_examples(project, range(3))
    verdicts: dict[int, dict[str, Any]] = deepcopy(made[True].verdicts)
    for verdict in verdicts.values():
        assert set(verdict.pop(EXACT)) == {"sequences", "satisfying", *STAGES}
    assert verdicts == made[False].verdicts
    for with_it, without in zip(made[True].records, made[False].records, strict=True):
        metadata = json.loads(with_it["metadata"])
        assert metadata.pop(EXACT) == made[True].verdicts[with_it["example_id"]][EXACT]
        assert metadata == json.loads(without["metadata"])
        assert {**with_it, "metadata": ""} == {**without, "metadata": ""}
