"""A dataset of networks that plain torch made: the same whatever the range, verified here, and on another processor."""

import numpy as np
import pytest
import torch

from subject_zoo.chain import make_examples
from subject_zoo.project import Project
from subject_zoo.provenance import machine
from tests.finished_dataset import found, make_dataset, read_facts, tiny_config

MAKER = {"training": {"maker": "torch", "learning_rate": [0.1, 0.2]}, "model": {"dropout_rate": [0.0, 0.2]}}


def test_an_example_does_not_depend_on_its_range():
    project = Project(tiny_config(MAKER), provenance={"signature_dataset": "of this test"})
    together, alone = make_examples(project, range(4, 8)), make_examples(project, [6])
    for stage in ("degraded", "improved"):
        one, other = getattr(alone, stage)[6], getattr(together, stage)[6]
        assert one.training == other.training
        assert all(np.array_equal(array, other.weights[name]) for name, array in one.weights.items())
    of_kernel = make_examples(Project(tiny_config(), provenance={"signature_dataset": "of this test"}), [6])
    assert not np.array_equal(
        of_kernel.degraded[6].weights["network.0.weight"], alone.degraded[6].weights["network.0.weight"]
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other_maker") / "dataset"
    make_dataset(folder, tiny_config({"num_examples": 3, "examples_per_job": 6}, MAKER))
    return folder


def test_a_dataset_is_trained_again_bit_for_bit_where_the_processor_is_the_same(folder):
    environment = read_facts(folder)["environment"]
    assert environment["torch"] == torch.__version__
    assert torch.backends.cpu.get_cpu_capability() in environment["processor"]
    told: list[str] = []
    assert found(folder, retrained=2, told=told) == []
    assert told[-1] == "2 records were trained again"


def test_on_another_processor_figures_are_compared(folder, monkeypatch):
    monkeypatch.setattr(machine, "_processor", lambda: "an abacus")
    told: list[str] = []
    assert found(folder, retrained=2, told=told) == []
    assert "processor was " in told[0]
    assert "an abacus" in told[0]


def test_without_torch_all_is_checked_but_the_training(folder, monkeypatch):
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    told: list[str] = []
    assert found(folder, retrained=2, told=told) == []
    assert told[-1].startswith("no record is trained again: training.maker is torch")
