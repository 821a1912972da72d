"""What one example is going to be: its patterns, its target and its network, drawn before anything is made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from subject_zoo.base.elementary import exp, log
from subject_zoo.base.randomness import Purpose, example_generator
from subject_zoo.base.terms import STAGES
from subject_zoo.networks.architecture import Architecture
from subject_zoo.patterns.targets import possible_targets


@dataclass(frozen=True)
class ExamplePlan:
    """The choices of one example. `selected_patterns` stand in the config's order; `target_pattern` is None where no
    modification is asked for, and so no fault is made."""

    example_id: int
    selected_patterns: tuple[str, ...]
    target_pattern: str | None
    architecture: Architecture
    learning_rate: float

    def to_dict(self) -> dict[str, Any]:
        """The plan as builtins, JSON-ready."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ExamplePlan":
        """The inverse of `to_dict`."""
        return cls(
            **values
            | {
                "selected_patterns": tuple(values["selected_patterns"]),
                "architecture": Architecture(**values["architecture"]),
            }
        )


def draw_patterns(seed: int, example_id: int, patterns: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """The selected patterns, uniform in number and then uniform among the sets that hold a possible target, and the
    target, uniform among those that it can be."""
    possible = possible_targets(patterns)
    selected = next(
        drawn for drawn in _selections(seed, example_id, patterns) if any(name in possible for name in drawn)
    )
    targets = [name for name in selected if name in possible]
    return selected, targets[example_generator(seed, example_id, Purpose.TARGET).integers(len(targets))]


def draw_untargeted_patterns(seed: int, example_id: int, patterns: Mapping[str, Any]) -> tuple[str, ...]:
    """The selected patterns where none of them is to be a target: the first set that is drawn, whatever it holds."""
    return next(_selections(seed, example_id, patterns))


def _selections(seed: int, example_id: int, patterns: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Sets of patterns of one size, which is drawn first, one after the other without end."""
    rng = example_generator(seed, example_id, Purpose.PATTERNS)
    enabled: Sequence[str] = patterns["enabled"]
    number = rng.integers(patterns["min_patterns_per_batch"], patterns["max_patterns_per_batch"] + 1)
    while True:
        yield tuple(enabled[i] for i in np.sort(rng.permutation(len(enabled))[:number]))


def draw_architecture(
    seed: int, example_id: int, patterns: Mapping[str, Any], model: Mapping[str, Any]
) -> Architecture:
    """A network within the config's ranges; independent of the patterns, so that it says nothing of them."""
    rng = example_generator(seed, example_id, Purpose.ARCHITECTURE)
    low, high = model["dropout_rate"]
    return Architecture(
        vocab_size=patterns["vocab_size"],
        sequence_length=patterns["sequence_length"],
        num_layers=_drawn(rng, model["num_layers"]),
        neurons_per_layer=_drawn(rng, model["neurons_per_layer"]),
        activation_type=str(model["activation_types"][rng.integers(len(model["activation_types"]))]),
        dropout_rate=_within(round(rng.uniform(low, high), 4), low, high),
        input_encoding=model["input_encoding"],
        precision=model["precision"],
    )


def draw_learning_rate(seed: int, example_id: int, training: Mapping[str, Any]) -> float:
    """A rate log-uniform within the config's range, six significant digits."""
    low, high = training["learning_rate"]
    rng = example_generator(seed, example_id, Purpose.LEARNING_RATE)
    return _within(float(f"{exp(rng.uniform(log(low), log(high))):.6g}"), low, high)


def _drawn(rng: np.random.Generator, bounds: Sequence[int]) -> int:
    low, high = bounds
    return int(rng.integers(low, high + 1))


def _within(rounded: float, low: float, high: float) -> float:
    """A rounded value, moved back into its range where rounding left it."""
    return float(min(max(rounded, low), high))


def draw_diagnosed(seed: int, example_id: int) -> str:
    """The stage of the model that a diagnosis is asked of: either of both, whatever else the example is."""
    return STAGES[example_generator(seed, example_id, Purpose.DIAGNOSED).integers(len(STAGES))]


def draw_plan(seed: int, example_id: int, config: Mapping[str, Any]) -> ExamplePlan:
    """The plan of one example by the config's sections `patterns`, `model`, `training` and `task_generation`."""
    patterns = config["patterns"]
    selected, target = (
        draw_patterns(seed, example_id, patterns)
        if config["task_generation"]["include_modification"]
        else (draw_untargeted_patterns(seed, example_id, patterns), None)
    )
    return ExamplePlan(
        example_id=example_id,
        selected_patterns=selected,
        target_pattern=target,
        architecture=draw_architecture(seed, example_id, patterns, config["model"]),
        learning_rate=draw_learning_rate(seed, example_id, config["training"]),
    )
