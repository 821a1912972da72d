"""What one example is going to be: its patterns, its target and its network, drawn before anything is made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from subject_zoo.base.elementary import exp, log
from subject_zoo.base.randomness import Purpose, example_generator
from subject_zoo.base.terms import STAGES
from subject_zoo.networks.architecture import Architecture
from subject_zoo.patterns.targets import possible_targets


@dataclass(frozen=True)
class Twin:
    """The other example of a pair (`dataset.twins`): its id, and the two patterns that tell the pair apart, the one
    that is selected `only_here` and the one that its twin selects in its place."""

    example_id: int
    only_here: str
    only_there: str


@dataclass(frozen=True)
class ExamplePlan:
    """The choices of one example. `selected_patterns` stand in the config's order; `target_pattern` is None where no
    modification is asked for, and so no fault is made; `twin` is None where examples have none."""

    example_id: int
    selected_patterns: tuple[str, ...]
    target_pattern: str | None
    architecture: Architecture
    learning_rate: float
    twin: Twin | None = None

    @property
    def drawn_from(self) -> int:
        """The id that its draws come from, and its split: its own, or the lower one of a pair, whose examples so have
        one network, one start and one order of batches."""
        return self.example_id if self.twin is None else min(self.example_id, self.twin.example_id)

    def of_twin(self, enabled: Sequence[str]) -> "ExamplePlan":
        """The plan of its twin; `enabled` are the config's patterns, in their order. Raises ValueError where it has
        none."""
        if self.twin is None:
            raise ValueError(f"example {self.example_id} has no twin")
        here, there = self.twin.only_here, self.twin.only_there
        selected = {there if name == here else name for name in self.selected_patterns}
        return replace(
            self,
            example_id=self.twin.example_id,
            selected_patterns=tuple(name for name in enabled if name in selected),
            target_pattern=there if self.target_pattern == here else self.target_pattern,
            twin=Twin(self.example_id, there, here),
        )

    def to_dict(self) -> dict[str, Any]:
        """The plan as builtins, JSON-ready; without `twin` where it has none."""
        return {name: value for name, value in asdict(self).items() if name != "twin" or value is not None}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ExamplePlan":
        """The inverse of `to_dict`."""
        return cls(
            **values
            | {
                "selected_patterns": tuple(values["selected_patterns"]),
                "architecture": Architecture(**values["architecture"]),
                "twin": Twin(**values["twin"]) if "twin" in values else None,
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
    """The plan of one example by the config's sections `patterns`, `model`, `training` and `task_generation`; and, of
    `dataset`, by `twins`: then examples 2k and 2k + 1 are twins."""
    if not config["dataset"]["twins"]:
        return _draw_single(seed, example_id, config)
    lower = example_id - example_id % 2
    first = _draw_single(seed, lower, config)
    here, there = _draw_exchange(seed, first, config["patterns"])
    first = replace(first, twin=Twin(lower + 1, here, there))
    return first if example_id == lower else first.of_twin(config["patterns"]["enabled"])


def _draw_single(seed: int, example_id: int, config: Mapping[str, Any]) -> ExamplePlan:
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


def _draw_exchange(seed: int, first: ExamplePlan, patterns: Mapping[str, Any]) -> tuple[str, str]:
    """(a selected pattern of a pair's first example, the one that its twin selects in its place), from the twin's id.

    The target stays where another pattern is selected, so that twins have one fault; where it is alone, the other's
    target is one of the possible ones. Uniform among what is left.
    """
    rng = example_generator(seed, first.example_id + 1, Purpose.PATTERNS)
    leaving = [name for name in first.selected_patterns if name != first.target_pattern] or first.selected_patterns
    here = leaving[rng.integers(len(leaving))]
    able: Sequence[str] = possible_targets(patterns) if here == first.target_pattern else patterns["enabled"]
    entering = [name for name in able if name not in first.selected_patterns]
    return here, entering[rng.integers(len(entering))]
