"""A model's signature as JSON: in full, a profile for each neuron; compactly, a list of numbers for each feature."""

from collections.abc import Sequence

import numpy as np
import orjson

from subject_zoo.base.json_text import json_object, json_rows
from subject_zoo.base.numbers import joined, number_cells
from subject_zoo.signatures.extractor import ActivationSignatureExtractor

_HOLE = b"\0"  # where a character of a number comes: JSON has no such byte


class SignatureText:
    """Writes the signatures of one extractor, all numbers of a model equally wide (base/numbers.py)."""

    def __init__(self, extractor: ActivationSignatureExtractor, decimals: int) -> None:
        self.extractor, self.decimals = extractor, decimals
        empty = extractor.profile(np.full(len(extractor.feature_names), np.nan))
        self._around = orjson.dumps(empty).split(b"null")  # a profile without its numbers

    def cells(self, features: np.ndarray) -> np.ndarray:
        """The characters of a model's features float32 [neurons, F]: uint8 [neurons, F, width + 1]."""
        return number_cells(features.astype(np.float64), self.decimals)

    def compact(self, cells: np.ndarray, columns: Sequence[int]) -> str:
        """One layer's cells of some `columns` of the F features, feature by feature: names once, not once a neuron."""
        names = [self.extractor.feature_names[column] for column in columns]
        return json_object(dict(zip(names, json_rows(joined(cells.swapaxes(0, 1)), len(names)), strict=True)))

    def profiles(self, cells: np.ndarray) -> list[str]:
        """The profile of each neuron of any number of layers: a template, with the neuron's numbers in its holes."""
        neurons, features, size = cells.shape
        template = np.frombuffer((_HOLE * (size - 1)).join(self._around), np.uint8)
        rows = np.tile(template, (neurons, 1))
        rows[:, np.flatnonzero(template == 0)] = cells[..., :-1].reshape(neurons, features * (size - 1))
        text = rows.tobytes().decode()
        return [text[start : start + len(template)] for start in range(0, len(text), len(template))]

    def in_full(self, profiles: Sequence[str]) -> str:
        """One layer neuron by neuron, nested as the first implementation's loaders read it, from its `profiles`."""
        info = {
            "num_neurons": len(profiles),
            "num_examples": self.extractor.num_probes,
            "profile_methods": list(self.extractor.methods),
            "list_entries": self.extractor.list_entries,
        }
        numbered = json_object({str(neuron): profile for neuron, profile in enumerate(profiles)})
        return json_object({"neuron_profiles": numbered, "layer_info": orjson.dumps(info).decode()})
