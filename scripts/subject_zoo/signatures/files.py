"""Signatures of several examples as arrays: signatures.npz of a range or of a shard."""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from subject_zoo.base.arrays import load_npz


def signature_arrays(
    feature_names: Sequence[str], signatures: Mapping[int, tuple[np.ndarray, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Arrays of signatures.npz, from (degraded, improved) features float32 [neurons, F] by example id.

    Features stand [all neurons, F], examples one after another: `example_ids[i]` has the rows `offsets[i]` to
    `offsets[i + 1]`.
    """
    lengths = [len(degraded) for degraded, _ in signatures.values()]
    none = np.zeros((0, len(feature_names)), np.float32)
    return {
        "example_ids": np.array(list(signatures), np.int64),
        "offsets": np.cumsum([0, *lengths]).astype(np.int64),
        "feature_names": np.array(feature_names),
        "degraded": np.concatenate([none, *(degraded for degraded, _ in signatures.values())]),
        "improved": np.concatenate([none, *(improved for _, improved in signatures.values())]),
    }


def read_signatures(arrays: Mapping[str, np.ndarray]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """(degraded, improved) features [neurons, F] by example id: the inverse of `signature_arrays`."""
    offsets = arrays["offsets"].tolist()
    return {
        example_id: (arrays["degraded"][start:stop], arrays["improved"][start:stop])
        for example_id, start, stop in zip(arrays["example_ids"].tolist(), offsets[:-1], offsets[1:], strict=True)
    }


def load_signatures(*paths: str | os.PathLike[str]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """The signatures of one or more signatures.npz on disk, by example id."""
    return {example_id: signed for path in paths for example_id, signed in read_signatures(load_npz(path)).items()}


def load_feature_names(path: str | os.PathLike[str]) -> list[str]:
    """The names of the F features of a signatures.npz on disk."""
    names: list[str] = load_npz(path)["feature_names"].tolist()
    return names
