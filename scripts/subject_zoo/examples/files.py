"""The datasets of a range of examples as arrays: dataset.npz."""

import json
import os
from collections.abc import Iterator, Mapping

import numpy as np

from subject_zoo.base.arrays import map_npz
from subject_zoo.examples.plan import ExamplePlan
from subject_zoo.examples.sampler import Example, ExampleDataset

_NUMBERS = ("tokens", "owners")
_FLAGS = ("labels", "corrupted_labels", "is_validation", "is_near_miss")  # eight a byte


def dataset_arrays(examples: Mapping[int, Example]) -> Iterator[tuple[str, np.ndarray]]:
    """Arrays of dataset.npz: one row an example (`tokens` [k, n, T], ...; labels and other flags as np.packbits has
    them, [k, n / 8]), `plans` and `regions`, JSON texts [k].

    One after another: together they take as much memory as the examples.
    """
    yield "example_ids", np.array(list(examples), np.int64)
    yield "plans", np.array([json.dumps(plan.to_dict()) for plan, _ in examples.values()])
    yield "regions", np.array([json.dumps(dataset.region) for _, dataset in examples.values()])
    for name in _NUMBERS:
        yield name, np.stack([getattr(dataset, name) for _, dataset in examples.values()])
    for name in _FLAGS:
        yield name, np.stack([np.packbits(getattr(dataset, name)) for _, dataset in examples.values()])


def read_plans(arrays: Mapping[str, np.ndarray]) -> dict[int, ExamplePlan]:
    """The plans in a dataset.npz, by example id."""
    plans = [ExamplePlan.from_dict(json.loads(text)) for text in arrays["plans"].tolist()]
    return {plan.example_id: plan for plan in plans}


def read_datasets(arrays: Mapping[str, np.ndarray]) -> dict[int, Example]:
    """The examples in a dataset.npz, by example id: the inverse of `dataset_arrays`."""
    regions = map(json.loads, arrays["regions"].tolist())
    rows = arrays["tokens"].shape[1]
    columns = {name: arrays[name] for name in _NUMBERS}
    columns |= {name: np.unpackbits(arrays[name], axis=1, count=rows).view(bool) for name in _FLAGS}
    return {
        example_id: (plan, ExampleDataset(**{name: column[i] for name, column in columns.items()}, region=region))
        for i, ((example_id, plan), region) in enumerate(zip(read_plans(arrays).items(), regions, strict=True))
    }


def load_datasets(path: str | os.PathLike[str]) -> dict[int, Example]:
    """The examples in a dataset.npz on disk, by example id; their sequences are read from there when looked at."""
    return read_datasets(map_npz(path))
