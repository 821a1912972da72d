"""The columns of a record: which there are, and that they are the models, the signatures and the figures."""

import json
from dataclasses import replace

import numpy as np
import pytest

from subject_zoo.config.tasks import tasks_of
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.torch_module import SubjectModel
from tests.records.made import COLUMNS, METHODS, OF_ONE_TASK, PROVENANCE
from tests.records.reading import decimals_of


@pytest.mark.parametrize("modification", [True, False])
@pytest.mark.parametrize("classification", [True, False])
def test_columns_follow_the_task_switches(plain, modification, classification):
    switches = {"include_modification": modification, "include_classification": classification}
    tasks = {"modification": modification, "classification": classification}
    left_out = [column for task, columns in OF_ONE_TASK.items() if not tasks[task] for column in columns]
    expected = [
        column
        for group, columns in COLUMNS.items()
        for column in columns
        if tasks.get(group, True) and column not in left_out
    ]
    full = {example.plan.example_id: record for example, record in plain.records()}
    formatter = plain.formatter({"task_generation": switches})
    for example in plain.examples.values():
        plan = example.plan if modification else replace(example.plan, target_pattern=None)
        models = {stage: m for stage, m in example.models.items() if f"{stage}_model_weights" in expected}
        signatures = {stage: s for stage, s in example.signatures.items() if f"{stage}_signature" in expected}
        record = formatter.format(plan, example.verdict, example.corruption, models, signatures)
        assert list(record) == expected
        assert record["example_id"] == example.plan.example_id
        assert all(isinstance(value, str) for name, value in record.items() if name != "example_id")
        assert ("corruption_stats" in json.loads(record["metadata"])) == modification
        assert list(json.loads(record["training_metrics"])) == list(models)
        for name in expected[:-2]:
            assert record[name] == full[example.plan.example_id][name]
        lengths = json.loads(record["metadata"])["lengths"]
        assert set(lengths) == {f"{name}_chars" for name in expected if name not in ("example_id", "metadata")}


def test_weight_columns_are_the_models(made):
    for example, record in made.records():
        for stage, model in example.models.items():
            described = json.loads(record[f"{stage}_model_weights"])
            assert list(described) == ["config", "weights"]
            assert Architecture.from_dict(described["config"]) == model.architecture
            assert list(described["weights"]) == list(model.weights)
            held = SubjectModel.from_record(record, stage).state_dict()
            for name, array in model.weights.items():
                np.testing.assert_array_equal(held[name].numpy(), array)


def test_signature_columns_are_nested_as_loaders_read_them(made):
    names, decimals = made.extractor.feature_names, made.config["signature"]["decimals"]
    for example, record in made.records():
        for stage, signature in example.signatures.items():
            column = json.loads(record[f"{stage}_signature"])
            assert list(column) == ["neuron_activations"]
            layers = column["neuron_activations"]
            architecture = example.plan.architecture
            assert [f"network.{layer}" for layer in layers] == architecture.linear_names
            rows = iter(signature.tolist())
            for layer, (_, outputs) in zip(layers.values(), architecture.layer_sizes, strict=True):
                assert list(layer) == ["neuron_profiles", "layer_info"]
                assert layer["layer_info"] == {
                    "num_neurons": outputs,
                    "num_examples": made.extractor.num_probes,
                    "profile_methods": METHODS,
                    "list_entries": {"pattern_wise": [*made.config["patterns"]["enabled"], "none"]},
                }
                assert list(layer["neuron_profiles"]) == [str(neuron) for neuron in range(outputs)]
                for profile in layer["neuron_profiles"].values():
                    assert list(profile) == METHODS
                    for name, value in zip(names, next(rows), strict=True):
                        method, _, label = name.partition(".")
                        entry = profile[method]
                        if label:
                            named = layer["layer_info"]["list_entries"].get(method)
                            entry = entry[named.index(label) if named else int(label)]
                        assert entry == pytest.approx(value, abs=0.50001 * 10**-decimals)
                        assert decimals_of(repr(entry)) <= decimals
            assert next(rows, None) is None


def test_signatures_are_read_by_loaders_that_know_numbers_and_lists(made):
    """The first implementation's loaders append a profile's numbers, extend by its lists, and make an array of all."""
    for example, record in made.records():
        for stage, signature in example.signatures.items():
            rows = []
            for layer in json.loads(record[f"{stage}_signature"])["neuron_activations"].values():
                for profile in layer["neuron_profiles"].values():
                    features = []
                    for value in profile.values():
                        features += value if isinstance(value, list) else [value]
                    rows.append(features)
            decimals = made.config["signature"]["decimals"]
            np.testing.assert_allclose(np.array(rows, np.float32), signature, rtol=1e-6, atol=0.50001 * 10**-decimals)


def test_training_metrics_are_the_learning_curves(plain):
    for example, record in plain.records():
        degraded, improved = example.models.values()
        metrics = json.loads(record["training_metrics"])
        assert metrics == {"degraded": degraded.training, "improved": improved.training}
        assert metrics["degraded"]["validation_loss"]


def test_metadata_says_what_the_example_is(made):
    config = made.config
    for example, record in made.records():
        metadata, plan = json.loads(record["metadata"]), example.plan
        assert metadata["selected_patterns"] == list(plan.selected_patterns)
        assert metadata["target_pattern"] == plan.target_pattern
        assert metadata["pattern_tokens"] == {"starts_with": "C", "ends_with": "E"}
        model_config = metadata["model_config"]
        assert Architecture.from_dict(model_config) == plan.architecture
        assert model_config["parameter_count"] == sum(a.size for a in example.models["improved"].weights.values())
        unit = {"sigmoid": 2.0, "tanh": 0.7}.get(plan.architecture.activation_type, 1.0)
        assert model_config["learning_rate"] == unit * plan.learning_rate  # what Adam was given
        assert model_config["quantization"] == config["training"]["quantization"]
        assert model_config["weight_decimals"] == config["model"]["weight_decimals"]
        hidden = [plan.architecture.neurons_per_layer] * plan.architecture.num_layers
        assert metadata["architecture"]["neurons_per_layer"] == [*hidden, 1]
        assert metadata["corruption_stats"] == example.corruption
        assert metadata["corruption_stats"]["corrupted_rows"] > 0
        for stage in ("degraded", "improved"):
            assert set(metadata[stage]["accuracy"]) == {*plan.selected_patterns, "background"}
        gain = metadata["improved"]["accuracy"][plan.target_pattern]
        gain -= metadata["degraded"]["accuracy"][plan.target_pattern]
        assert metadata["improvement"] == pytest.approx(gain, abs=2e-6)
        for key in ("layers", "activations", "decimals"):
            assert metadata["signature"][key] == config["signature"][key]
        asked = tasks_of(config["task_generation"])
        assert metadata["signature"]["methods"] == {task: config["signature"]["methods"][task] for task in asked}
        assert metadata["provenance"] == {**PROVENANCE, "example_id": plan.example_id}
