"""Mistakes in single keys: values that break their rule in the schema, in lines worded from its keywords."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from subject_zoo.config.schema import fits, is_range, kinds_of, load_schema
from subject_zoo.config.tokens import LOG_IN
from subject_zoo.config.words import did_you_mean, nearest, show, shown_key

_SECRET_KEY = re.compile(r"(.*_)?(token|secret|password|api_?key)")


def mistakes_in(config: Mapping[str, Any], schema: Mapping[str, Any], section: str = "") -> Iterator[str]:
    """One line for each key that breaks the schema; sections are walked one by one, for a steady order."""
    properties = schema["properties"]
    for key in config:
        if key not in properties:
            yield _unknown(key, properties, section)
    for key, rule in properties.items():
        path = section + key
        if key not in config and key in schema["required"]:
            yield f"{path} is missing; it must be {must_be(rule)} (config.yaml shows its default)"
        elif key not in config:
            continue
        elif "properties" in rule and isinstance(config[key], Mapping):
            yield from mistakes_in(config[key], rule, f"{path}.")
        elif not fits(config[key], rule):
            yield _wrong(path, config[key], rule)


def _unknown(key: Any, siblings: Mapping[str, Any], section: str) -> str:
    line = f"{section}{shown_key(key)} is not a key; "
    word = str(key).lower()
    if _SECRET_KEY.fullmatch(word):
        return line + LOG_IN
    homes = {path.rpartition(".")[2]: path for path in _paths(load_schema())}
    if word in homes:
        return line + f"did you mean {homes[word]}?"
    if sibling := nearest(word, siblings):
        return line + f"did you mean {section}{sibling}?"
    if stranger := nearest(word, homes):
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
            meant = did_you_mean(at_fault[0], names)
            return f"{path} lists {show(at_fault[0])}; each entry must be {_one_of(names)}{meant}"
        twice = next(item for item in value if value.count(item) > 1)
        return f"{path} lists {twice} {value.count(twice)} times; each entry may stand once"
    line = f"{path} is {show(value)}; it must be {must_be(rule, value)}"
    if is_range(rule) and fits(value, rule["items"]):
        return f"{line}; for one fixed value write [{show(value)}, {show(value)}]"
    return line + did_you_mean(value, rule.get("enum", ()))


def must_be(rule: Mapping[str, Any], value: Any = None) -> str:
    """What may stand at a key, in words, by its rule. A value of the right type shortens it to the bounds."""
    kinds = kinds_of(rule)
    if "x-must-be" in rule:
        words = rule["x-must-be"]
    elif "enum" in rule:
        words = _one_of(rule["enum"])
    elif kinds & {"integer", "number"}:
        words = _bounds(rule) if fits(value, {"type": list(kinds - {"null"})}) else _numbers(rule)
    elif "boolean" in kinds:
        words = "true or false"
    elif is_range(rule):
        words = f"[min, max], each {_numbers(rule['items'])}"
    else:
        forms = [f"a list of one or more of {', '.join(rule['items']['enum'])}"] if "array" in kinds else []
        forms += [f"a section with the keys {', '.join(rule['properties'])}"] if "object" in kinds else []
        words = ", or ".join(forms)
    return f"{words}, or null" if "null" in kinds else words


def _numbers(rule: Mapping[str, Any]) -> str:
    return ("an integer, " if "integer" in kinds_of(rule) else "a number, ") + _bounds(rule)


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
