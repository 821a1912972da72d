"""Signatures of several examples as arrays: signatures.npz of a range or of a shard."""

import os
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from subject_zoo.base.arrays import load_npz
from subject_zoo.base.terms import STAGES


def signature_arrays(
    feature_names: Sequence[str], stages: Collection[str], signatures: Mapping[int, Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Arrays of signatures.npz, from features float32 [neurons, F] by example id and by stage, each of `stages`.

    A stage's features stand [all neurons, F], examples one after another: `example_ids[i]` has the rows `offsets[i]`
    to `offsets[i + 1]`.
    """
    lengths = [len(next(iter(signed.values()))) for signed in signatures.values()]
    none = np.zeros((0, len(feature_names)), np.float32)
    return {
        "example_ids": np.array(list(signatures), np.int64),
        "offsets": np.cumsum([0, *lengths]).astype(np.int64),
        "feature_names": np.array(feature_names),
        **{stage: np.concatenate([none, *(signed[stage] for signed in signatures.values())]) for stage in stages},
    }


def stages_in(arrays: Mapping[str, np.ndarray]) -> list[str]:
    """The stages whose features a signatures.npz holds."""
    return [stage for stage in STAGES if stage in arrays]


def read_signatures(arrays: Mapping[str, np.ndarray]) -> dict[int, dict[str, np.ndarray]]:
    """Features [neurons, F] by example id and by stage: the inverse of `signature_arrays`."""
    offsets, stages = arrays["offsets"].tolist(), stages_in(arrays)
    return {
        example_id: {stage: arrays[stage][start:stop] for stage in stages}
        for example_id, start, stop in zip(arrays["example_ids"].tolist(), offsets[:-1], offsets[1:], strict=True)
    }


def load_signatures(*paths: str | os.PathLike[str]) -> dict[int, dict[str, np.ndarray]]:
    """The signatures of one or more signatures.npz on disk, by example id and by stage."""
    return {example_id: signed for path in paths for example_id, signed in read_signatures(load_npz(path)).items()}


def load_feature_names(path: str | os.PathLike[str]) -> list[str]:
    """The names of the F features of a signatures.npz on disk."""
    names: list[str] = load_npz(path)["feature_names"].tolist()
    return names
