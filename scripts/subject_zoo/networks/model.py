"""A subject model with its weights, in memory.

Weights are float32 numpy arrays whatever the precision; they hold the values that they were rounded to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from subject_zoo.networks.architecture import Architecture

Weights = dict[str, np.ndarray]  # by tensor name, as "network.0.weight", in numeric layer order


@dataclass(frozen=True)
class StoredModel:
    """One model: its network, its tensors, how its training went (JSON-ready), and where, if that is known."""

    architecture: Architecture
    weights: Weights
    training: dict[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)
