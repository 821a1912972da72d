"""What checking the records of a configuration would take, told from its numbers before anything is drawn.

Whoever sends a dataset's folder chooses them; a check of it is to end, in less than a gigabyte.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from subject_zoo.networks.architecture import Architecture

MOST_POOL_ROWS = 2_000_000  # 200 bytes each; of the default there are 1,240,000
MOST_SEQUENCES = 5_000_000  # of one example's dataset, 40 bytes each
MOST_DRAWN = 1_000_000  # probes, and sequences of the benchmark
MOST_ACTIVATIONS = 50_000_000  # of all probes in all neurons of a network, four bytes each
MOST_FEATURES = 10_000  # for which a number of the signature's asks
MOST_EXAM = 10**11  # test sequences times parameters of a network: half a minute a record
MOST_TRAINING = 5 * 10**12  # sequences times epochs times parameters: an hour a record
MOST_STEPS = 10_000_000  # of a training, for each of which a rate is computed before


def excesses(config: Mapping[str, Any]) -> Iterator[str]:
    """What a checked configuration asks too much of, a phrase each."""
    patterns, dataset, signature = config["patterns"], config["dataset"], config["signature"]
    names = len(patterns["enabled"])
    pools = dataset["pool_size"] * (2 * names + 1)
    drawn_probes = signature["probes_per_pattern"] * names + signature["background_probes"]
    tested = min(2 * names * dataset["test_per_pattern"] + dataset["test_background"], pools)
    if config["validation"]["exact"]:
        tested += patterns["vocab_size"] ** patterns["sequence_length"]
    for key, value, most in (
        ("dataset.num_sequences", dataset["num_sequences"], MOST_SEQUENCES),
        ("dataset.pool_size, for all pools,", pools, MOST_POOL_ROWS),
        ("the number of its probes", drawn_probes, MOST_DRAWN),
        ("the number of its probes times its networks' neurons", drawn_probes * _neurons(config), MOST_ACTIVATIONS),
        ("the number of its benchmark's sequences", config["benchmark"]["samples_per_pattern"] * names, MOST_DRAWN),
        ("signature.components", signature["components"], MOST_FEATURES),
        ("signature.entropy_bins", signature["entropy_bins"], MOST_FEATURES),
        ("its test sequences times its networks' parameters", tested * _parameters(config), MOST_EXAM),
    ):
        if value > most:
            yield f"{key} is {value:,}, more than {most:,}"


def too_many_probes(config: Mapping[str, Any], probes: int) -> bool:
    """Whether so many probes, of a file, have too many activations in the configuration's networks."""
    return probes * _neurons(config) > MOST_ACTIVATIONS


def is_long_training(config: Mapping[str, Any]) -> bool:
    """Whether training one example again takes too long."""
    training, sequences = config["training"], config["dataset"]["num_sequences"]
    epochs = training["degraded_epochs"] + training["improvement_epochs"]
    steps = epochs * (sequences // training["batch_size"] + 1)
    return steps > MOST_STEPS or epochs * sequences * _parameters(config) > MOST_TRAINING


def _neurons(config: Mapping[str, Any]) -> int:
    """Those of the largest network that the configuration draws."""
    return int(config["model"]["num_layers"][1] * config["model"]["neurons_per_layer"][1])


def _parameters(config: Mapping[str, Any]) -> int:
    patterns, model = config["patterns"], config["model"]
    return Architecture(
        vocab_size=patterns["vocab_size"],
        sequence_length=patterns["sequence_length"],
        num_layers=model["num_layers"][1],
        neurons_per_layer=model["neurons_per_layer"][1],
        activation_type=model["activation_types"][0],
        input_encoding=model["input_encoding"],
    ).parameter_count
