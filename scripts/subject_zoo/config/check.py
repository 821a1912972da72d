"""The configuration, checked: the merged mapping in, its values as plain builtins out, or one clear line.

What a single key may hold stands in schema.yaml (JSON Schema), and messages are worded from its
keywords; rules between keys stand here. A message is the key's path, what stands there, what may stand there.
"""

import difflib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, validators

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import ACTIVATIONS, SIGNATURE_METHODS, TASKS
from subject_zoo.config.load import read_yaml
from subject_zoo.patterns.counting import count
from subject_zoo.patterns.definitions import PATTERNS, check_possible
from subject_zoo.patterns.space import MOST_LISTED, pattern_space

SCHEMA_PATH = Path(__file__).with_name("schema.yaml")
_NAMES = {"patterns": PATTERNS, "activations": ACTIVATIONS, "signature_methods": SIGNATURE_METHODS}

_TOKEN = re.compile(r"(hf_|api_org_)[A-Za-z0-9]{20,}")  # wherever it stands, as in a URL
_TOKEN_VALUE = re.compile(r"hf_[\w-]+")  # a whole value; a key may be named hf_token
_SECRET_KEY = re.compile(r"(.*_)?(token|secret|password|api_?key)")
_LOG_IN = "log in with `hf auth login` or set HF_TOKEN: no token ever stands in the configuration"


def check_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The merged configuration (config.yaml, --configfile, --config) as a new dict of builtins.

    Keys stand in the schema's order. Text that plainly is a number, true, false or null becomes that where
    the key asks for one: PyYAML reads 1e-3 as text, and Snakemake all values inside
    `--config 'training={batch_size: 64}'`. Integers become int (1e6 too) and all other numbers float, and one list
    of signature methods becomes one for each task, so equal configurations give equal reprs.

    Raises UserError for the first mistake in the order of the schema, with the number of further ones. A
    value that looks like an access token comes before all others and is not repeated.
    """
    _refuse_tokens(config, "")
    schema = load_schema()
    checked = _plain(config, schema)
    mistakes = list(_mistakes(checked, schema)) or list(_conflicts(checked, schema))
    if mistakes:
        more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
        raise UserError(f"config: {mistakes[0]}{more}")
    return _with_methods_by_task(checked)


@cache
def load_schema() -> dict[str, Any]:
    """The JSON Schema of the configuration, read once; treat it as constant.

    Names that are the library's own (x-names) are filled in from where they are defined.
    """
    schema: dict[str, Any] = read_yaml(SCHEMA_PATH)
    _fill_names(schema)
    return schema


def _fill_names(rule: dict[str, Any]) -> None:
    if names := rule.get("items", {}).get("x-names"):
        rule["items"]["enum"] = list(_NAMES[names])
    for inner in rule.get("properties", {}).values():
        _fill_names(inner)


def _with_methods_by_task(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration with `signature.methods` as a list for each task, where one is for all."""
    methods = config["signature"]["methods"]
    if isinstance(methods, list):
        config["signature"]["methods"] = {task: list(methods) for task in TASKS}
    return config


def _refuse_tokens(value: Any, path: str) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str) and _TOKEN.search(key):
                raise UserError(f"config: a key looks like an access token (not shown); {_LOG_IN}")
            _refuse_tokens(item, f"{path}.{_name(key)}" if path else _name(key))
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_tokens(item, path)
    elif isinstance(value, str) and (_TOKEN.search(value) or _TOKEN_VALUE.fullmatch(value)):
        raise UserError(f"config: {path} holds what looks like an access token (not shown); {_LOG_IN}")


# From any YAML to plain values


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _plain(value: Any, schema: Mapping[str, Any]) -> Any:
    """A copy of value in builtins: keys in the schema's order, scalars in the type that it asks for."""
    kinds = _kinds(schema)
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        keys = [*(key for key in known if key in value), *(key for key in value if key not in known)]
        return {key: _plain(value[key], known.get(key, {})) for key in keys}
    if isinstance(value, list | tuple):
        return [_plain(item, schema.get("items", {})) for item in value]
    if isinstance(value, str):
        value = _read(value, kinds)
    if isinstance(value, bool | str) or value is None:
        return value
    # from 2 ** 53 on a float no longer tells integers apart: such a number stays as it is
    if "integer" in kinds and isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if "number" in kinds and isinstance(value, int) and abs(value) < 2**53:
        return float(value)
    return value


def _read(text: str, kinds: set[str]) -> Any:
    """The number, truth value or null that the text is, where these kinds ask for one; else the text.

    Nothing at all is null only where no text may stand: it would be a name that somebody forgot to fill in.
    """
    if "null" in kinds and (text in ("~", "null") or (not text and "string" not in kinds)):
        return None
    if "boolean" in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    for parse in (int, float) if kinds & {"integer", "number"} else ():
        try:
            return parse(text)
        except ValueError:
            continue
    return text


# Mistakes in a single key


def _is_number(_checker: object, value: Any) -> bool:
    """Finite: NaN and infinity are numbers to JSON Schema, and no value of any knob."""
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and abs(value) <= sys.float_info.max


def _is_integer(checker: object, value: Any) -> bool:
    """A number too: limits are not asked of an integer that is none, beyond the range of floats."""
    return isinstance(value, int) and _is_number(checker, value)


_Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer).redefine("number", _is_number),
)


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    return _Validator(schema).is_valid(value)


def _mistakes(config: Mapping[str, Any], schema: Mapping[str, Any], section: str = "") -> Iterator[str]:
    """One line for each key that breaks the schema; sections are walked one by one, for a steady order."""
    properties = schema["properties"]
    for key in config:
        if key not in properties:
            yield _unknown(key, properties, section)
    for key, rule in properties.items():
        path = section + key
        if key not in config:
            yield f"{path} is missing; it must be {_must_be(rule)} (config.yaml shows its default)"
        elif "properties" in rule and isinstance(config[key], Mapping):
            yield from _mistakes(config[key], rule, f"{path}.")
        elif not _fits(config[key], rule):
            yield _wrong(path, config[key], rule)


def _unknown(key: Any, siblings: Mapping[str, Any], section: str) -> str:
    line = f"{section}{_name(key)} is not a key; "
    word = str(key).lower()
    if _SECRET_KEY.fullmatch(word):
        return line + _LOG_IN
    homes = {path.rpartition(".")[2]: path for path in _paths(load_schema())}
    if word in homes:
        return line + f"did you mean {homes[word]}?"
    if sibling := _nearest(word, siblings):
        return line + f"did you mean {section}{sibling}?"
    if stranger := _nearest(word, homes):
        return line + f"did you mean {homes[stranger]}?"
    place = f"section {section[:-1]}" if section else "the top level"
    return line + f"{place} has {', '.join(siblings)}"


def _paths(schema: Mapping[str, Any], section: str = "") -> Iterator[str]:
    for key, rule in schema["properties"].items():
        yield section + key
        if rule["type"] == "object":
            yield from _paths(rule, f"{section}{key}.")


def _wrong(path: str, value: Any, rule: Mapping[str, Any]) -> str:
    """The line for a value that breaks its rule: for a list of names the entry at fault, else the value."""
    names = rule.get("items", {}).get("enum", ())
    if names and isinstance(value, list) and value:
        at_fault = [item for item in value if item not in names]
        if at_fault:
            meant = _did_you_mean(at_fault[0], names)
            return f"{path} lists {_show(at_fault[0])}; each entry must be {_one_of(names)}{meant}"
        twice = next(item for item in value if value.count(item) > 1)
        return f"{path} lists {twice} {value.count(twice)} times; each entry may stand once"
    line = f"{path} is {_show(value)}; it must be {_must_be(rule, value)}"
    if _is_range(rule) and _fits(value, rule["items"]):
        return f"{line}; for one fixed value write [{_show(value)}, {_show(value)}]"
    return line + _did_you_mean(value, rule.get("enum", ()))


def _is_range(rule: Mapping[str, Any]) -> bool:
    return rule.get("minItems") == rule.get("maxItems") == 2


def _must_be(rule: Mapping[str, Any], value: Any = None) -> str:
    """What may stand at a key, in words. A value of the right type shortens it to the bounds."""
    kinds = _kinds(rule)
    if "x-must-be" in rule:
        words = rule["x-must-be"]
    elif "enum" in rule:
        words = _one_of(rule["enum"])
    elif kinds & {"integer", "number"}:
        words = _bounds(rule) if _fits(value, {"type": list(kinds - {"null"})}) else _numbers(rule)
    elif "boolean" in kinds:
        words = "true or false"
    elif _is_range(rule):
        words = f"[min, max], each {_numbers(rule['items'])}"
    else:
        forms = [f"a list of one or more of {', '.join(rule['items']['enum'])}"] if "array" in kinds else []
        forms += [f"a section with the keys {', '.join(rule['properties'])}"] if "object" in kinds else []
        words = ", or ".join(forms)
    return f"{words}, or null" if "null" in kinds else words


def _numbers(rule: Mapping[str, Any]) -> str:
    return ("an integer, " if "integer" in _kinds(rule) else "a number, ") + _bounds(rule)


def _bounds(rule: Mapping[str, Any]) -> str:
    if "minimum" in rule and "maximum" in rule:
        return f"from {rule['minimum']} to {rule['maximum']}"
    if "minimum" in rule and "exclusiveMaximum" not in rule:
        return f"{rule['minimum']} or more"
    low = f"at least {rule['minimum']}" if "minimum" in rule else f"above {rule['exclusiveMinimum']}"
    if "exclusiveMaximum" in rule:
        return f"{low} and below {rule['exclusiveMaximum']}"
    return f"{low} and at most {rule['maximum']}" if "maximum" in rule else low


def _one_of(names: list[str]) -> str:
    return f"one of {', '.join(names)}"


def _did_you_mean(value: Any, names: list[str]) -> str:
    near = _nearest(value.lower(), names) if isinstance(value, str) else None
    return f"; did you mean {near}?" if near else ""


def _nearest(word: str, names: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word, [*names], n=1, cutoff=0.7)), None)


def _name(key: Any) -> str:
    return key if isinstance(key, str) and re.fullmatch(r"[\w-]{1,60}", key) else _show(key)


def _show(value: Any) -> str:
    """The value as YAML would have it, near enough, on one line and not for ever long."""
    if value is None:
        return "null"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


# Conflicts between keys that are each well by themselves


def _conflicts(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
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
    yield from _splits_conflicts(config)


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


def _training_conflicts(training: Mapping[str, Any]) -> Iterator[str]:
    penalised, epochs = training["improvement_penalty_epochs"], training["improvement_epochs"]
    if penalised >= epochs:
        yield (
            f"training.improvement_penalty_epochs is {penalised}; it must be below {epochs}, "
            "training.improvement_epochs: the best epoch is one of those after them"
        )


def _splits_conflicts(config: Mapping[str, Any]) -> Iterator[str]:
    splits, patterns, model = config["splits"], config["patterns"], config["model"]
    kind, held_out = splits["holdout"], splits["held_out"]
    if kind in ("example", "combination"):
        yield from _too_large_shares(splits, "splits", ("validation", "test"))
        if held_out is not None:
            yield f"splits.held_out is {_show(held_out)}; with splits.holdout {kind} it must be null"
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
        meant = _did_you_mean(foreign[0], [str(value) for value in values])
        yield f"splits.held_out lists {_show(foreign[0])}; no example can have that by {path}{meant}"
    elif len(values) - len(held_out) < needed:
        yield f"splits.held_out is {_show(held_out)}; it leaves too few of {path}, and so nothing to train on"


def _from_to(bounds: Sequence[int]) -> list[int]:
    return list(range(bounds[0], bounds[1] + 1))


def _too_large_shares(values: Mapping[str, Any], section: str, keys: tuple[str, str]) -> Iterator[str]:
    total = sum(values[key] for key in keys)
    if total >= 1:
        yield f"{section}.{keys[0]} + {section}.{keys[1]} is {total:g}; it must be below 1"


def _backward_ranges(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    for section, rule in schema["properties"].items():
        for key, leaf in rule.get("properties", {}).items():
            if _is_range(leaf) and config[section][key][0] > config[section][key][1]:
                low, high = sorted(config[section][key])
                yield (
                    f"{section}.{key} is {_show(config[section][key])}: min above max; "
                    f"write [min, max], as [{low}, {high}]"
                )
