"""The files of a range of examples as arrays: dataset.npz and signatures.npz."""

import json
from collections.abc import Mapping

import numpy as np

from subject_zoo.plans import ExamplePlan
from subject_zoo.sampler import ExampleDataset

_DATASET_FIELDS = ("tokens", "labels", "corrupted_labels", "owners", "is_validation", "is_near_miss")


def dataset_arrays(examples: Mapping[int, tuple[ExamplePlan, ExampleDataset]]) -> dict[str, np.ndarray]:
    """Arrays of dataset.npz: one row an example (`tokens` [k, n, T], ...), and `plans`, JSON texts [k]."""
    arrays = {
        "example_ids": np.array(list(examples), np.int64),
        "plans": np.array([json.dumps(plan.to_dict()) for plan, _ in examples.values()]),
    }
    for field in _DATASET_FIELDS:
        arrays[field] = np.stack([getattr(dataset, field) for _, dataset in examples.values()])
    return arrays


def read_plans(arrays: Mapping[str, np.ndarray]) -> dict[int, ExamplePlan]:
    """The plans in a dataset.npz, by example id."""
    plans = [ExamplePlan.from_dict(json.loads(text)) for text in arrays["plans"].tolist()]
    return {plan.example_id: plan for plan in plans}


def read_datasets(arrays: Mapping[str, np.ndarray]) -> dict[int, tuple[ExamplePlan, ExampleDataset]]:
    """The examples in a dataset.npz, by example id: the inverse of `dataset_arrays`."""
    return {
        example_id: (plan, ExampleDataset(**{field: arrays[field][row] for field in _DATASET_FIELDS}))
        for row, (example_id, plan) in enumerate(read_plans(arrays).items())
    }


def signature_arrays(
    feature_names: tuple[str, ...],
    example_ids: list[int],
    degraded: Mapping[int, np.ndarray],
    improved: Mapping[int, np.ndarray],
) -> dict[str, np.ndarray]:
    """Arrays of signatures.npz: features float32 [all neurons, F] of both stages, examples one after another.

    Example `example_ids[i]` has the rows `offsets[i]` to `offsets[i + 1]`.
    """
    lengths = [len(degraded[example_id]) for example_id in example_ids]
    none = np.zeros((0, len(feature_names)), np.float32)
    return {
        "example_ids": np.array(example_ids, np.int64),
        "offsets": np.cumsum([0, *lengths]).astype(np.int64),
        "feature_names": np.array(feature_names),
        "degraded": np.concatenate([none, *(degraded[i] for i in example_ids)]),
        "improved": np.concatenate([none, *(improved[i] for i in example_ids)]),
    }


def read_signatures(arrays: Mapping[str, np.ndarray]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """(degraded, improved) features [neurons, F] by example id: the inverse of `signature_arrays`."""
    offsets = arrays["offsets"].tolist()
    return {
        example_id: (arrays["degraded"][start:stop], arrays["improved"][start:stop])
        for example_id, start, stop in zip(arrays["example_ids"].tolist(), offsets[:-1], offsets[1:], strict=True)
    }
