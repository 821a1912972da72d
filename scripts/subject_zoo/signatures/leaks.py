"""Signatures that give the answer of a classification prompt away, by what readers of the signature alone achieved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from subject_zoo.signatures.choice import prompt_methods


@dataclass(frozen=True)
class Leak:
    """The macro F1 with which a reader of a method's figures, and of nothing else, named the patterns."""

    hidden: float  # of all hidden neurons
    output: float  # of the output neuron


LEAKS = {"pattern_wise": Leak(hidden=0.84, output=0.99)}
"""The methods that give the answer away, each alone or among others.

Read by trees that learned from 2,700 networks: the output neuron's mean over a pattern's probes is above 0 where the
network calls the pattern positive. Of no other method, nor of any set without it that was tried, did they reach 0.6
(benchmarks/README.md, "Signatures")."""


def given_away(config: Mapping[str, Any]) -> str | None:
    """One sentence where classification prompts show a signature that gives the answer away, else None.

    `config` is a checked configuration, or its sections `signature`, `task_generation` and `format`. Where prompts show
    other records' networks, nothing of them gives an answer away.
    """
    if config["format"]["shuffle"] != "none":
        return None
    for method in prompt_methods(config).get("classification", ()):
        if leak := LEAKS.get(method):
            neurons = {
                "hidden": ("the hidden neurons'", leak.hidden),
                "all": ("the output neuron's", leak.output),
            }
            whose, score = neurons[config["signature"]["layers"]]
            return (
                f"signature.methods puts {method} into classification prompts, which gives their answer away: "
                f"from {whose} signature alone programs name the patterns with a macro F1 of {score}"
            )
    return None
