"""Configurations that no machine can hold: numbers that are each well by themselves, and too much together."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from subject_zoo.base.lines import size_in_words
from subject_zoo.config.tasks import published_stages

_MOST_MEMORY = 10**12  # bytes of one process: more than any machine has that trains small networks
_MOST_RANGES = 200_000  # of one plan: with 27,778 Snakemake takes half an hour and 6 GB before the first job

# Bytes, about, by what was measured with the default configuration (docs/cluster.md).
_OF_SEQUENCE, _OF_TOKEN = 28, 2  # of an example's dataset, and of its draw
_OF_WEIGHT = 8  # of the networks of both stages
_OF_TEST = 2  # of verdicts on a sequence, before and after
_OF_EPOCH = 100  # of learning curves

# What safetensors allows the header of a file of weights, and what one of ours takes there at most, in bytes.
HEADER_LIMIT, MODEL_IN_HEADER, TENSOR_IN_HEADER = 100_000_000, 330, 120


def too_large(config: Mapping[str, Any]) -> Iterator[str]:
    """One line for each product of numbers that is more than a machine can hold, with what it would take and what fits.

    Keys each fit the schema, and ranges have their ends in order.
    """
    needs = _needs_of_example(config)
    each, examples = sum(needs.values()), config["largest_job"]
    if examples * each > _MOST_MEMORY:
        yield (
            f"largest_job is {examples}; it must be at most {_MOST_MEMORY // each}: a range of so many would "
            f"take {size_in_words(examples * each)} of memory, most of it for {max(needs, key=lambda key: needs[key])}"
        )
    else:
        yield from _too_large_shards(config)
    candidates = min(config["num_examples"] / config["expected_acceptance"], config["max_candidates"])
    if candidates > _MOST_RANGES * examples:
        yield (
            f"largest_job is {examples}; it must be at least {math.ceil(candidates / _MOST_RANGES)}: the first "
            f"plan would have {math.ceil(candidates / examples)} ranges, and Snakemake holds {_MOST_RANGES} at most"
        )


def _too_large_shards(config: Mapping[str, Any]) -> Iterator[str]:
    """A shard's networks stand in one file, whose header names every tensor: a weight and a bias for each layer."""
    layers, candidates = config["model"]["num_layers"][1], config["largest_job"] * config["ranges_per_shard"]
    of_network = MODEL_IN_HEADER + 2 * (layers + 1) * TENSOR_IN_HEADER
    most = HEADER_LIMIT // (len(published_stages(config["task_generation"])) * of_network)
    if candidates > most:
        yield (
            f"largest_job * ranges_per_shard is {candidates}; it must be at most {most} with networks of "
            f"{layers} hidden layers, or a shard's file of weights could not be read"
        )


def _needs_of_example(config: Mapping[str, Any]) -> dict[str, int]:
    """Bytes that a range takes for each of its examples, by the key that most decides them."""
    patterns, dataset, training = config["patterns"], config["dataset"], config["training"]
    per_pattern = min(dataset["test_per_pattern"], dataset["pool_size"])
    tests = 2 * len(patterns["enabled"]) * per_pattern + min(dataset["test_background"], dataset["pool_size"])
    return {
        "dataset.num_sequences": dataset["num_sequences"] * (_OF_SEQUENCE + _OF_TOKEN * patterns["sequence_length"]),
        "model.neurons_per_layer": _OF_WEIGHT * weights_of_network(config),
        "dataset.test_per_pattern": _OF_TEST * tests,
        "training.degraded_epochs": _OF_EPOCH * (training["degraded_epochs"] + training["improvement_epochs"]),
    }


def weights_of_network(config: Mapping[str, Any], least: bool = False) -> int:
    """How many weights the largest network has, or the `least`, its biases included."""
    patterns, model = config["patterns"], config["model"]
    letters = patterns["vocab_size"] if model["input_encoding"] == "one_hot" else 1
    end = 0 if least else 1
    inputs, layers, width = (
        patterns["sequence_length"] * letters,
        model["num_layers"][end],
        model["neurons_per_layer"][end],
    )
    return int((inputs + 1) * width + (layers - 1) * (width + 1) * width + width + 1)
