"""How long the prompts of a configuration are at least, told before any network is made, and without numpy.

All numbers of a text are equally wide, so that a length depends on the architecture alone, unless a number is too large
for the width, or weights are written at their shortest: then prompts are longer than what is computed here, never
shorter.
"""

from bisect import bisect_right
from collections.abc import Mapping
from functools import partial
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import json_object
from subject_zoo.config.tasks import tasks_of
from subject_zoo.networks.architecture import Architecture, least_characters
from subject_zoo.patterns.space import pattern_space
from subject_zoo.records.prompts import Prompts
from subject_zoo.signatures.choice import prompt_methods
from subject_zoo.signatures.features import feature_names
from subject_zoo.signatures.layers import signed_layers

_DROPOUT_STEPS = 10_000  # of a dropout rate, which is drawn to four decimals


class PromptLengths:
    """The least lengths of the prompts of one checked configuration."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config, self.model = config, config["model"]
        self.prompts = Prompts(config, pattern_space(config["patterns"]))
        self.features = {
            task: feature_names(methods, config["patterns"]["enabled"], config["signature"]["components"])
            for task, methods in prompt_methods(config).items()
        }
        shows_another = config["format"]["shuffle"] == "networks"  # so any words may stand around any network
        self._around = {task: self.prompts.around(task)[shows_another] for task in self.features}
        self._activation = min(self.model["activation_types"], key=len)
        self._dropout = _shortest_rate(*self.model["dropout_rate"])

    def least(self, num_layers: int, neurons_per_layer: int) -> int:
        """Characters of the longer prompt of an example, at least, whose network has so many layers and neurons."""
        architecture = Architecture(
            self.config["patterns"]["vocab_size"],
            self.config["patterns"]["sequence_length"],
            num_layers,
            neurons_per_layer,
            self._activation,
            self._dropout,
            self.model["input_encoding"],
            self.model["precision"],
        )
        return max(self._least_of_task(task, architecture) for task in tasks_of(self.config["task_generation"]))

    def fitting_sizes(self, limit: int) -> tuple[int, int]:
        """(how many of the sizes of networks could have prompts of at most `limit` characters, how many there are)."""
        (fewest, most), (narrowest, widest) = self.model["num_layers"], self.model["neurons_per_layer"]
        widths = range(narrowest, widest + 1)
        fitting = [bisect_right(widths, limit, key=partial(self.least, layers)) for layers in range(fewest, most + 1)]
        return sum(fitting), len(widths) * len(fitting)

    def _least_of_task(self, task: str, architecture: Architecture) -> int:
        tensors = dict.fromkeys((name for name, _ in architecture.tensor_shapes), "")
        parts = signed_layers(architecture, self.config["signature"]["layers"])
        signature = dict.fromkeys(parts, json_object(dict.fromkeys(self.features[task], "")))
        body = self.prompts.body(architecture, tensors, signature)
        of_weight = least_characters(self.model["weight_decimals"])
        of_figure = least_characters(self.config["signature"]["decimals"])
        weights = sum(_array_characters(shape, of_weight) for _, shape in architecture.tensor_shapes)
        neurons = [part.stop - part.start for part in parts.values()]
        figures = sum(_array_characters((number,), of_figure) for number in neurons) * len(self.features[task])
        return self._around[task] + len(body) + weights + figures


def check_reachable(config: Mapping[str, Any]) -> None:
    """Raise UserError where no prompt of a checked configuration could be within its `format.max_prompt_chars`."""
    if (limit := config["format"]["max_prompt_chars"]) is None:
        return
    layers, neurons = (config["model"][key][0] for key in ("num_layers", "neurons_per_layer"))
    if limit < (least := PromptLengths(config).least(layers, neurons)):
        plural = "s" * (layers > 1)
        raise UserError(
            f"config: format.max_prompt_chars is {limit}; it must be at least {least}, the prompt of the smallest "
            f"network ({layers} hidden layer{plural} of {neurons}), or null"
        )


def partly_reachable(config: Mapping[str, Any]) -> str | None:
    """One sentence where `format.max_prompt_chars` rules out some sizes of networks and not all, else None."""
    if (limit := config["format"]["max_prompt_chars"]) is None:
        return None
    fitting, sizes = PromptLengths(config).fitting_sizes(limit)
    if fitting == sizes:
        return None
    return (
        f"format.max_prompt_chars, {limit}, leaves {fitting} of the {sizes} sizes that model.num_layers and "
        "model.neurons_per_layer allow; candidates of the others are rejected, so expect as many fewer to be accepted"
    )


def _array_characters(shape: tuple[int, ...], cell: int) -> int:
    """Of the JSON list of a vector, or of the lists of a matrix's rows, whose numbers take `cell` with their comma."""
    *rows, columns = shape
    row = columns * cell + 1
    return row if not rows else rows[0] * (row + 1) + 1


def _shortest_rate(low: float, high: float) -> float:
    """The dropout rate with the shortest prompts, of all that can be drawn: with any, the names of layers grow."""
    steps = range(round(low * _DROPOUT_STEPS), round(high * _DROPOUT_STEPS) + 1)
    rates = {min(max(step / _DROPOUT_STEPS, low), high) for step in steps}
    return min(rates, key=lambda rate: (rate > 0, len(repr(rate))))
