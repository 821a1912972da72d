"""What a subject model is made of, without the framework that runs it."""

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

_LEAST_CHARACTERS = 4  # of one number as its shortest text: "0.0,"
_BESIDE_DECIMALS = 4  # of one number of given decimals, at least: sign, digit, point, and the comma or bracket behind


@dataclass(frozen=True)
class Architecture:
    """An MLP over one sequence of tokens: `num_layers` hidden layers of `neurons_per_layer` and one logit.

    `input_encoding` "ordinal" feeds the token indices 0 .. vocab_size - 1 as unscaled floats, "one_hot" one
    indicator per position and token. `dropout_rate` acts after every hidden activation, in training alone.
    """

    vocab_size: int
    sequence_length: int
    num_layers: int
    neurons_per_layer: int
    activation_type: str
    dropout_rate: float = 0.0
    input_encoding: str = "one_hot"
    precision: str = "float32"

    @property
    def input_size(self) -> int:
        """Width of the encoded input: sequence_length, times vocab_size when one-hot."""
        return self.sequence_length * (self.vocab_size if self.input_encoding == "one_hot" else 1)

    @property
    def layer_sizes(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of every Linear in order, the output layer's (neurons, 1) last."""
        widths = [self.input_size, *[self.neurons_per_layer] * self.num_layers, 1]
        return list(pairwise(widths))

    @property
    def linear_names(self) -> list[str]:
        """Names of the Linear modules by their place in nn.Sequential: Linear, activation, and Dropout if any."""
        stride = 3 if self.dropout_rate > 0 else 2
        return [f"network.{stride * layer}" for layer in range(self.num_layers + 1)]

    @property
    def tensor_shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        """(name, shape) of every tensor, in numeric layer order."""
        shapes: list[tuple[str, tuple[int, ...]]] = []
        for name, (inputs, outputs) in zip(self.linear_names, self.layer_sizes, strict=True):
            shapes += [(f"{name}.weight", (outputs, inputs)), (f"{name}.bias", (outputs,))]
        return shapes

    @property
    def parameter_count(self) -> int:
        """How many weights and biases there are."""
        return sum((inputs + 1) * outputs for inputs, outputs in self.layer_sizes)

    def to_dict(self) -> dict[str, Any]:
        """The fields as builtins."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Architecture":
        """The inverse of `to_dict`; keys that are not fields are ignored, as records carry more."""
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})


def least_characters(decimals: int | None) -> int:
    """Of one number in a text, at least, with the comma or bracket behind it; None is its shortest text."""
    return _LEAST_CHARACTERS if decimals is None else _BESIDE_DECIMALS + decimals


def could_fit(architecture: Architecture, max_prompt_chars: int | None, weight_decimals: int | None) -> bool:
    """Whether the weights alone, at their shortest, leave a prompt within `max_prompt_chars` (None: any length)."""
    least = least_characters(weight_decimals) * architecture.parameter_count
    return max_prompt_chars is None or least <= max_prompt_chars
