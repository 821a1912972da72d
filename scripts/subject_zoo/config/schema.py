"""The configuration's schema: schema.yaml, read once, and what its rules say of themselves."""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, validators

from subject_zoo.base.terms import ACTIVATIONS, SIGNATURE_METHODS
from subject_zoo.config.load import read_yaml
from subject_zoo.patterns.definitions import PATTERNS

SCHEMA_PATH = Path(__file__).with_name("schema.yaml")
_NAMES = {"patterns": PATTERNS, "activations": ACTIVATIONS, "signature_methods": SIGNATURE_METHODS}


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


def kinds_of(schema: Mapping[str, Any]) -> set[str]:
    """The JSON types that a rule allows; none where it names none."""
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def is_range(rule: Mapping[str, Any]) -> bool:
    """Whether a rule asks for [min, max]."""
    return rule.get("minItems") == rule.get("maxItems") == 2


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


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value obeys a rule."""
    return _Validator(schema).is_valid(value)
