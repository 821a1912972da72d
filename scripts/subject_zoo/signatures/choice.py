"""Which signature methods a configuration asks for: those of each prompt, and all that are computed."""

from collections.abc import Mapping
from typing import Any

from subject_zoo.base.terms import SIGNATURE_METHODS
from subject_zoo.config.tasks import tasks_of


def prompt_methods(config: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The methods that the prompt of each task shows that records carry, in the order of `SIGNATURE_METHODS`.

    `config` is a checked configuration, or its sections `signature` and `task_generation`.
    """
    chosen = config["signature"]["methods"]
    return {
        task: tuple(method for method in SIGNATURE_METHODS if method in chosen[task])
        for task in tasks_of(config["task_generation"])
    }


def computed_methods(config: Mapping[str, Any]) -> tuple[str, ...]:
    """All methods that any prompt shows, in the order of `SIGNATURE_METHODS`."""
    shown = {method for methods in prompt_methods(config).values() for method in methods}
    return tuple(method for method in SIGNATURE_METHODS if method in shown)
