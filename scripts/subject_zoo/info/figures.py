"""The figures of a dataset's validity.json that its overview needs, whoever wrote them."""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import GATES, TASKS, TOO_LONG
from subject_zoo.dataset.layout import VALIDITY
from subject_zoo.dataset.received import Received

OF_PATTERN = ("target_of_candidates", "target_of_accepted", "selected_in_candidates", "selected_in_accepted")

_COUNT = {"type": "integer", "minimum": 0, "maximum": 10**15}
_SPREAD = {"type": "object", "additionalProperties": _COUNT | {"type": "number"}, "required": ["min", "median", "max"]}
_SCHEMA = {
    "type": "object",
    "properties": {
        "funnel": {
            "type": "object",
            "properties": {
                "candidates": _COUNT,
                "accepted": _COUNT,
                "fail_gate": {
                    "type": "object",
                    "propertyNames": {"enum": [*GATES, TOO_LONG]},
                    "additionalProperties": _COUNT,
                },
            },
            "required": ["candidates", "accepted", "fail_gate"],
        },
        "by_pattern": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": dict.fromkeys(OF_PATTERN, _COUNT),
                "required": ["selected_in_accepted"],
            },
        },
        "prompt_chars": {
            "type": "object",
            "propertyNames": {"enum": list(TASKS)},
            "additionalProperties": {"anyOf": [_SPREAD, {"type": "null"}]},
        },
        "twins": {"type": "object", "properties": {"pairs": _COUNT}, "required": ["pairs"]},
    },
    "required": ["funnel", "by_pattern", "prompt_chars"],
}


def read_figures(folder: Received, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """What validity.json says, with the keys of the schema in their places; None where the manifest names none.

    Raises OSError, and ValueError for one that is not well-formed.
    """
    if VALIDITY not in manifest["files"]:
        return None
    figures = folder.json(VALIDITY)
    if mistake := best_match(Draft202012Validator(_SCHEMA).iter_errors(figures)):
        key = ".".join(map(str, mistake.absolute_path))
        raise ValueError(f"{VALIDITY}: {one_line(key)}: {one_line(mistake.message)}")
    enabled = manifest["config"]["patterns"]["enabled"]
    if strange := [name for name in figures["by_pattern"] if name not in enabled]:
        raise ValueError(f"{VALIDITY}: by_pattern: {one_line(strange[0])} is none of the configuration's patterns")
    return dict(figures)
