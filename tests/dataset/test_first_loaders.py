"""The first implementation's classifier and encoder read a dataset as it is, told of its sizes by a page's code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from subject_zoo.base.numbers import round_to_width
from subject_zoo.networks.files import load_models
from subject_zoo.networks.model import StoredModel
from tests.dataset import first_loaders
from tests.docs.pages import ROOT, code_blocks
from tests.finished_dataset import make_dataset, tiny_config


def adapted(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page's code makes of a dataset: its names."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(cache))
    [block] = code_blocks(ROOT / "docs/first-implementation.md", "python")
    names: dict[str, Any] = {}
    exec(block.replace('"results/dataset"', repr(str(folder))), names)
    return names


@pytest.fixture(scope="module", params=["finished", "hidden"])
def read(request, finished, tmp_path_factory) -> dict[str, Any]:
    """The page's names of a dataset, of all statistics and layers, and of the default ones with dropout."""
    folder = finished
    if request.param == "hidden":
        default = {"signature": {"methods": ["mean", "std", "sparsity"], "layers": "hidden"}}
        sizes = {"num_examples": 3, "examples_per_job": 4, "model": {"dropout_rate": [0.1, 0.1], "num_layers": [1, 2]}}
        make_dataset(folder := tmp_path_factory.mktemp("first") / "dataset", tiny_config(sizes, default))
    with pytest.MonkeyPatch.context() as patch:
        names = adapted(folder, tmp_path_factory.mktemp("cache"), patch)
    assert len(names["records"]) >= 3
    exact = {name: model for path in folder.glob("weights/*") for name, model in load_models(path).items()}
    models = [exact[f"{example_id:06d}/improved"] for example_id in names["records"]["example_id"]]
    return names | {"models": models, "signed": [signature_of(folder, i) for i in names["records"]["example_id"]]}


def signature_of(folder: Path, example_id: int) -> np.ndarray:
    """float64 [neurons, F] as printed, from the exact one."""
    decimals = json.loads((folder / "manifest.json").read_text())["config"]["signature"]["decimals"]
    for path in folder.glob("signatures/*"):
        arrays = np.load(path)
        for row, start, stop in zip(arrays["example_ids"], arrays["offsets"], arrays["offsets"][1:], strict=False):
            if row == example_id:
                return round_to_width(arrays["improved"][start:stop].astype(np.float64), decimals)
    raise AssertionError(example_id)


def neurons_of(model: StoredModel) -> list[np.ndarray]:
    """Of each neuron, layer by layer, its incoming weights and its bias."""
    weights = list(model.weights.values())
    return [row for w, b in zip(weights[::2], weights[1::2], strict=True) for row in np.column_stack([w, b])]


def test_the_classifier_gets_every_statistic_in_its_place(read):
    order = [*first_loaders.NUMBERS, *first_loaders.LISTS]
    for record, exact in zip(read["records"], read["signed"], strict=True):
        values, is_real = first_loaders.classifier_signature(record, read["classifier"])
        methods = json.loads(record["improved_signature"])["neuron_activations"]["0"]["layer_info"]["profile_methods"]
        lengths = [len(np.atleast_1d(read["profile"][name])) for name in methods]
        starts = dict(zip(methods, np.cumsum([0, *lengths]), strict=False))
        columns = [starts[name] + at for name in order if name in starts for at in range(lengths[methods.index(name)])]
        np.testing.assert_array_equal(values[is_real], exact[:, columns].astype(np.float32))


def test_the_classifier_gets_all_weights_and_the_labels(read):
    for record, model in zip(read["records"], read["models"], strict=True):
        line = first_loaders.classifier_weights(record, read["classifier"])
        by_name = np.concatenate([model.weights[name].ravel() for name in sorted(model.weights)])
        np.testing.assert_array_equal(line[: len(by_name)], by_name)
        assert not line[len(by_name) :].any()
        labels = first_loaders.classifier_labels(record, read["classifier"])
        selected = {name for name, is_one in zip(read["classifier"]["patterns"], labels, strict=True) if is_one}
        assert selected == {*record["selected_patterns"]}


def test_the_encoder_gets_each_neuron_as_a_token(read):
    for record, model, exact in zip(read["records"], read["models"], read["signed"], strict=True):
        expected = neurons_of(model)
        tokens = first_loaders.encoder_weights(record, read["encoder"])
        assert len(tokens) == len(expected) <= read["tokenization"]["max_tokens"]
        counts = json.loads(record["metadata"])["architecture"]["neurons_per_layer"]
        assert sum(counts) == len(tokens)
        for token, numbers in zip(tokens, expected, strict=True):
            np.testing.assert_array_equal(token.astype(np.float32)[: len(numbers)], numbers)
            assert not token[len(numbers) :].any()
        signed = first_loaders.encoder_signature(record, read["encoder"]["neuron_profile"]["methods"])
        np.testing.assert_array_equal(np.array(signed), exact)
        last = max(map(int, json.loads(record["improved_signature"])["neuron_activations"]))
        assert last < read["encoder"]["max_dimensions"]["max_hidden_layers"] + 2


def test_weights_and_signature_are_paired_where_the_output_has_one(read):
    for record, exact in zip(read["records"], read["signed"], strict=True):
        if json.loads(record["metadata"])["signature"]["layers"] == "hidden":
            with pytest.raises(ValueError, match="shorter"):
                first_loaders.encoder_both(record, read["encoder"])
        else:
            both = np.array(first_loaders.encoder_both(record, read["encoder"]))
            np.testing.assert_array_equal(both[:, -exact.shape[1] :], exact)


def test_the_settings_are_yaml_that_says_the_same(read):
    assert yaml.safe_load(read["text"]) == {"dataset": read["encoder"], "tokenization": read["tokenization"]}
