"""The first implementation's loaders, written anew from what they read; what they would cut off is an error here.

Its classifier takes a signature as an array by layer, neuron and statistic, weights as one list of numbers, and the
selected patterns as labels. Its encoder takes a token for each neuron: incoming weights and bias, its statistics, or
both.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

NUMBERS = ("mean", "std", "max", "min", "sparsity", "entropy")
LISTS = ("pca", "svd", "clustering", "fourier", "pattern_wise")
Record = Mapping[str, Any]


def classifier_signature(record: Record, settings: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """(float32 [layers, neurons, F], which neurons there are), layers by their keys."""
    methods, room = settings["neuron_profile"]["methods"], settings["max_dimensions"]
    features = sum(1 if name in NUMBERS else next(iter(options.values())) for name, options in methods.items())
    values = np.zeros((room["max_layers"], room["max_neurons_per_layer"], features), np.float32)
    is_real = np.zeros(values.shape[:2], bool)
    for layer, of_layer in json.loads(record["improved_signature"])["neuron_activations"].items():
        for neuron, profile in of_layer["neuron_profiles"].items():
            row = [number for name in NUMBERS + LISTS if name in profile for number in np.atleast_1d(profile[name])]
            values[int(layer), int(neuron)] = row
            is_real[int(layer), int(neuron)] = True
    return values, is_real


def classifier_weights(record: Record, settings: Mapping[str, Any]) -> np.ndarray:
    """All numbers in one line, float32, padded to as many as networks of these sizes could have."""
    room = settings["max_dimensions"]
    inputs, layers, neurons = (room[f"max_{name}"] for name in ("sequence_length", "layers", "neurons_per_layer"))
    most = (inputs + 1) * neurons + (layers - 1) * (neurons + 1) * neurons + neurons + 1
    tensors = json.loads(record["improved_model_weights"])["weights"]
    line = np.concatenate([np.ravel(tensors[name]) for name in sorted(tensors)])
    return np.pad(line, (0, most - len(line))).astype(np.float32)


def classifier_labels(record: Record, settings: Mapping[str, Any]) -> np.ndarray:
    """bool [patterns]: those that the network was trained on."""
    selected = json.loads(record["metadata"])["selected_patterns"]
    labels = np.zeros(len(settings["patterns"]), bool)
    labels[[settings["patterns"].index(name) for name in selected]] = True
    return labels


def encoder_weights(record: Record, settings: Mapping[str, Any]) -> list[np.ndarray]:
    """A token for each neuron, layer by layer: its incoming weights and its bias, padded."""
    size = settings["max_dimensions"]["max_neurons_per_layer"] + 1
    tensors = json.loads(record["improved_model_weights"])["weights"]
    tokens: list[np.ndarray] = []
    for _, names in groupby(sorted(tensors), key=lambda name: name.rpartition(".")[0]):
        bias, matrix = (np.array(tensors[name]) for name in names)
        rows = np.column_stack([matrix, bias])
        tokens += list(np.pad(rows, ((0, 0), (0, size - rows.shape[1]))))
    return tokens


def encoder_signature(record: Record, methods: Sequence[str]) -> list[np.ndarray]:
    """A token for each neuron that has a signature: its statistics, in the order of the configuration."""
    layers = json.loads(record["improved_signature"])["neuron_activations"]
    return [
        np.concatenate([np.atleast_1d(profiles[neuron][name]) for name in methods])
        for layer in sorted(layers, key=int)
        for profiles in [layers[layer]["neuron_profiles"]]
        for neuron in sorted(profiles, key=int)
    ]


def encoder_both(record: Record, settings: Mapping[str, Any]) -> list[np.ndarray]:
    """Weights and statistics of each neuron in one token: as many of the ones as of the others."""
    pairs = zip(
        encoder_weights(record, settings),
        encoder_signature(record, settings["neuron_profile"]["methods"]),
        strict=True,
    )
    return [np.concatenate(pair) for pair in pairs]
