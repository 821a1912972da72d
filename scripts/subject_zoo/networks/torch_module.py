"""A subject model as a `torch.nn.Module`, for whoever wants to run one.

record = datasets.load_dataset("results/dataset", split="train")[0]
model = SubjectModel.from_record(record, "improved")
model.classify(["ABCABCA", "GFEDCBA"])
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import LEAKY_SLOPE
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.encoding import encode
from subject_zoo.networks.files import load_models
from subject_zoo.networks.model import Weights
from subject_zoo.networks.text import weights_of
from subject_zoo.patterns.sequences import from_text
from subject_zoo.patterns.space import PatternSpace

_ACTIVATION_MODULES: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "leaky_relu": lambda: nn.LeakyReLU(LEAKY_SLOPE),
}


class SubjectModel(nn.Module):
    """The network of one example, computing in float32: a sequence is positive where its logit is above 0."""

    def __init__(self, architecture: Architecture, weights: Weights | None = None) -> None:
        """Build the network; with `weights` (float32 arrays by tensor name) it holds exactly those."""
        super().__init__()
        self.architecture = architecture
        modules: list[nn.Module] = []
        *hidden, output = architecture.layer_sizes
        for inputs, outputs in hidden:
            modules += [nn.Linear(inputs, outputs), _ACTIVATION_MODULES[architecture.activation_type]()]
            if architecture.dropout_rate > 0:
                modules.append(nn.Dropout(architecture.dropout_rate))
        self.network = nn.Sequential(*modules, nn.Linear(*output))
        self.eval()
        if weights is not None:
            self.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})

    @classmethod
    def from_record(cls, record: Mapping[str, Any], stage: str = "improved") -> "SubjectModel":
        """The model of a dataset record (a row as a dict); `stage` is "degraded" or "improved".

        Raises UserError for another stage name or a record without weights.
        """
        column = f"{stage}_model_weights"
        if column not in record:
            raise UserError(f"record: no column {column!r}; stage is 'degraded' or 'improved'")
        described = json.loads(record[column])
        architecture = Architecture.from_dict(described["config"])
        return cls(architecture, weights_of(described["weights"], architecture.precision))

    @classmethod
    def from_safetensors(cls, path: str | os.PathLike[str], name: str) -> "SubjectModel":
        """One model of a safetensors file: "000123" in a range's, "000123/improved" in a shard's.

        Raises UserError where the file does not hold it.
        """
        models = load_models(path)
        if name not in models:
            raise UserError(f"{path}: no model {name!r}; the first of {len(models)} is {next(iter(models), None)!r}")
        return cls(models[name].architecture, models[name].weights)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits float32 [n] of token indices uint8 [n, T]."""
        return self.network(torch.from_numpy(encode(tokens.numpy(), self.architecture))).squeeze(-1)

    @torch.no_grad()
    def classify(self, sequences: Sequence[str]) -> list[bool]:
        """Whether each sequence of letters is positive. Raises UserError for a wrong letter or length."""
        space = PatternSpace(self.architecture.vocab_size, self.architecture.sequence_length)
        return (self(torch.from_numpy(from_text(space, list(sequences)))) > 0).tolist()
