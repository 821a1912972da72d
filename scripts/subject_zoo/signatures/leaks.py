"""Signatures that give the answer of a prompt away, by what readers of the signature alone achieved."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from subject_zoo.signatures.choice import prompt_methods


@dataclass(frozen=True)
class Leak:
    """What a reader of a method's figures, and of nothing else, achieved at a task."""

    hidden: float  # of all hidden neurons
    output: float  # of the output neuron


LEAKS = {
    "pattern_wise": {
        "classification": Leak(hidden=0.84, output=0.99),
        "diagnosis": Leak(hidden=0.86, output=0.98),
    }
}
"""The methods that give answers away, each alone or among others: of classifications the macro F1 of the patterns that
were named, of diagnoses the share in which the pattern with the fault, or none, was named rightly.

Read by trees that learned from 2,700 networks, and from 1,050: the output neuron's mean over a pattern's probes is
above 0 where the network calls the pattern positive. Classifications were read from no other method, nor from any set
without it that was tried, with 0.6; diagnoses from mean and std with 0.60 (benchmarks/README.md, "Signatures")."""

_ACHIEVED = {
    "classification": "name the patterns with a macro F1 of {}",
    "diagnosis": "name the pattern with the fault, or none, rightly for a share of {}",
}


def given_away(config: Mapping[str, Any]) -> str | None:
    """One sentence where prompts show a signature that gives the answer away, else None.

    `config` is a checked configuration, or its sections `signature`, `task_generation` and `format`. Where prompts show
    other records' networks, nothing of them gives an answer away.
    """
    if config["format"]["shuffle"] != "none":
        return None
    return "; ".join(_leaks(config)) or None


def _leaks(config: Mapping[str, Any]) -> Iterator[str]:
    layers = config["signature"]["layers"]
    for task, methods in prompt_methods(config).items():
        for method in methods:
            if leak := LEAKS.get(method, {}).get(task):
                whose, score = {
                    "hidden": ("the hidden neurons'", leak.hidden),
                    "all": ("the output neuron's", leak.output),
                }[layers]
                yield (
                    f"signature.methods puts {method} into {task} prompts, which gives their answer away: "
                    f"from {whose} signature alone programs {_ACHIEVED[task].format(score)}"
                )
