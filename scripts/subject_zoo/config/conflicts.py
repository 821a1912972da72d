"""Conflicts between keys that are each well by themselves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.config.schema import is_range
from subject_zoo.config.sizes import too_large
from subject_zoo.config.words import did_you_mean, show
from subject_zoo.patterns.counting import count
from subject_zoo.patterns.definitions import check_possible
from subject_zoo.patterns.space import MOST_LISTED, pattern_space
from subject_zoo.patterns.targets import possible_targets


def conflicts_between(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """One line for each rule between keys that a configuration breaks whose keys each fit the schema."""
    if config["num_examples"] > config["max_candidates"]:
        yield (
            f"num_examples is {config['num_examples']}; it must be at most {config['max_candidates']}, "
            "max_candidates, since examples are accepted candidates"
        )
    if config["examples_per_job"] > config["largest_job"]:
        yield (
            f"examples_per_job is {config['examples_per_job']}; it must be at most {config['largest_job']}, "
            "largest_job, which no range exceeds"
        )
    yield from _patterns_conflicts(config["patterns"], config["task_generation"]["include_modification"])
    yield from _exact_conflicts(config["validation"], config["patterns"])
    yield from _dataset_conflicts(config["dataset"], config["training"]["batch_size"])
    yield from _twins_conflicts(config)
    yield from _training_conflicts(config["training"])
    yield from _backward_ranges(config, schema)
    enabled = config["patterns"]["enabled"]
    foreign = [name for name in config["benchmark"]["patterns"] or () if name not in enabled]
    if foreign:
        yield f"benchmark.patterns lists {foreign[0]}; each entry must stand in patterns.enabled"
    if not any(config["task_generation"].values()):
        yield (
            "task_generation.include_modification and task_generation.include_classification are false; "
            "at least one of them must be true"
        )
    yield from _diagnosis_conflicts(config)
    yield from _splits_conflicts(config)
    yield from too_large(config)


def _patterns_conflicts(patterns: Mapping[str, Any], needs_target: bool) -> Iterator[str]:
    try:
        check_possible(pattern_space(patterns), patterns["enabled"])
    except UserError as error:
        yield str(error)
    else:
        if needs_target:
            yield from _target_conflicts(patterns)
    fewest, most = patterns["min_patterns_per_batch"], patterns["max_patterns_per_batch"]
    if fewest > most:
        yield (
            f"patterns.min_patterns_per_batch is {fewest}; it must be at most {most}, patterns.max_patterns_per_batch"
        )
    if most > len(patterns["enabled"]):
        yield (
            f"patterns.max_patterns_per_batch is {most}; "
            f"it must be at most {len(patterns['enabled'])}, the number of patterns.enabled"
        )


def _target_conflicts(patterns: Mapping[str, Any]) -> Iterator[str]:
    space, fewest = pattern_space(patterns), patterns["min_target_sequences"]
    largest = max(patterns["enabled"], key=lambda name: count(space, name))
    if count(space, largest) < fewest:
        yield (
            f"patterns.min_target_sequences is {fewest}; it must be at most {count(space, largest)}, "
            f"the number of sequences that satisfy {largest}: or no pattern can be the target"
        )


def _exact_conflicts(validation: Mapping[str, Any], patterns: Mapping[str, Any]) -> Iterator[str]:
    sequences = patterns["vocab_size"] ** patterns["sequence_length"]
    if validation["exact"] and sequences > MOST_LISTED:
        yield (
            f"validation.exact is true; it must be false where there are more than {MOST_LISTED:,} sequences: "
            f"patterns.vocab_size ** patterns.sequence_length is {sequences:,}"
        )


def _dataset_conflicts(dataset: Mapping[str, Any], batch_size: int) -> Iterator[str]:
    rows = dataset["num_sequences"] - round(dataset["num_sequences"] * dataset["validation_fraction"])
    yield from _too_large_shares(dataset, "dataset", ("test_fraction", "probe_fraction"))
    if batch_size > rows:
        yield (
            f"training.batch_size is {batch_size}; it must be at most {rows}, "
            "the part of dataset.num_sequences that dataset.validation_fraction leaves"
        )


def _twins_conflicts(config: Mapping[str, Any]) -> Iterator[str]:
    if not config["dataset"]["twins"]:
        return
    patterns, mends = config["patterns"], config["task_generation"]["include_modification"]
    most, enabled = patterns["max_patterns_per_batch"], len(patterns["enabled"])
    if most == enabled:
        yield (
            f"dataset.twins is true and patterns.max_patterns_per_batch {most}; that must be below {enabled}, the "
            "number of patterns.enabled: a twin selects another pattern in the place of one"
        )
    elif mends and patterns["min_patterns_per_batch"] == 1 and len(possible_targets(patterns)) == 1:
        yield (
            "dataset.twins is true and patterns.min_patterns_per_batch 1; that must be 2 or more where only one "
            "pattern can be the target, by patterns.min_target_sequences: a twin of it alone would have none"
        )
    if mends and config["dataset"]["corruption"] != "region":
        yield (
            f"dataset.twins is true and dataset.corruption {config['dataset']['corruption']}; that must be region, "
            "which twins can share"
        )
    if config["format"]["shuffle"] != "none":
        yield (
            f"dataset.twins is true and format.shuffle {config['format']['shuffle']}; that must be none: prompts would "
            "show the twin's network, which is no other one"
        )
    if config["splits"]["holdout"] == "combination":
        yield (
            "dataset.twins is true and splits.holdout combination; that must be another: twins differ in their "
            "combination, and stand in one split"
        )


def _training_conflicts(training: Mapping[str, Any]) -> Iterator[str]:
    penalised, epochs = training["improvement_penalty_epochs"], training["improvement_epochs"]
    if penalised >= epochs:
        yield (
            f"training.improvement_penalty_epochs is {penalised}; it must be below {epochs}, "
            "training.improvement_epochs: the best epoch is one of those after them"
        )


def _diagnosis_conflicts(config: Mapping[str, Any]) -> Iterator[str]:
    if not config["task_generation"]["include_diagnosis"]:
        return
    if not config["task_generation"]["include_modification"]:
        yield (
            "task_generation.include_diagnosis is true; task_generation.include_modification must be true, too: "
            "without it no network has a fault"
        )
    if not config["dataset"]["corruption_rate"]:
        yield (
            "dataset.corruption_rate is 0; with task_generation.include_diagnosis it must be above 0: "
            "or no network has a fault, and none is accepted"
        )
    if (labels := config["training"]["improvement_data"]) != "clean":
        yield (
            f"training.improvement_data is {labels}; with task_generation.include_diagnosis it must be clean: "
            "or every network keeps its fault, and none is accepted"
        )
    if isinstance(methods := config["signature"]["methods"], Mapping) and "diagnosis" not in methods:
        yield (
            "signature.methods.diagnosis is missing; with task_generation.include_diagnosis it must list methods, "
            "as signature.methods.modification does"
        )
    if (corruption := config["dataset"]["corruption"]) != "region":
        yield (
            f"dataset.corruption is {corruption}; with task_generation.include_diagnosis it must be region: "
            "the answer says where the fault lies"
        )


def _splits_conflicts(config: Mapping[str, Any]) -> Iterator[str]:
    splits, patterns, model = config["splits"], config["patterns"], config["model"]
    kind, held_out = splits["holdout"], splits["held_out"]
    if kind in ("example", "combination"):
        yield from _too_large_shares(splits, "splits", ("validation", "test"))
        if held_out is not None:
            yield f"splits.held_out is {show(held_out)}; with splits.holdout {kind} it must be null"
        return
    path, values, needed = {  # where the values are from, and how many of them an example has at least
        "pattern": ("patterns.enabled", patterns["enabled"], patterns["min_patterns_per_batch"]),
        "activation": ("model.activation_types", model["activation_types"], 1),
        "depth": ("model.num_layers", _from_to(model["num_layers"]), 1),
        "width": ("model.neurons_per_layer", _from_to(model["neurons_per_layer"]), 1),
    }[kind]
    foreign = [value for value in held_out or () if value not in values]
    if held_out is None:
        yield f"splits.held_out is null; with splits.holdout {kind} it must list some of {path}"
    elif foreign:
        meant = did_you_mean(foreign[0], [str(value) for value in values])
        yield f"splits.held_out lists {show(foreign[0])}; no example can have that by {path}{meant}"
    elif len(values) - len(held_out) < needed:
        yield f"splits.held_out is {show(held_out)}; it leaves too few of {path}, and so nothing to train on"


def _from_to(bounds: Sequence[int]) -> list[int]:
    return list(range(bounds[0], bounds[1] + 1))


def _too_large_shares(values: Mapping[str, Any], section: str, keys: tuple[str, str]) -> Iterator[str]:
    total = sum(values[key] for key in keys)
    if total >= 1:
        yield f"{section}.{keys[0]} + {section}.{keys[1]} is {total:g}; it must be below 1"


def _backward_ranges(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    for section, rule in schema["properties"].items():
        for key, leaf in rule.get("properties", {}).items():
            if is_range(leaf) and config[section][key][0] > config[section][key][1]:
                low, high = sorted(config[section][key])
                yield (
                    f"{section}.{key} is {show(config[section][key])}: min above max; "
                    f"write [min, max], as [{low}, {high}]"
                )
