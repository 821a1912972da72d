"""The noise ceiling: how alike two repairs of one network are that differ in the order of the batches alone."""

from collections.abc import Sequence

import numpy as np

from subject_zoo.chain import Examples, Models, sample_dataset, train_improved
from subject_zoo.judge.cases import Case
from subject_zoo.networks.model import StoredModel
from subject_zoo.project import Project

TOP = 0.1  # the share of a network's numbers, those that change most, that are its changed places


def noise_ceiling(cases: Sequence[Case], project: Project) -> dict[str, list[float]]:
    """The 5th, 50th and 95th percentile over cases, of the cosine of two changes and of the Jaccard index of their
    changed places: of two runs of the recorded repair, and of two records of one shape that have nothing to do with
    each other. Where two runs of the truth disagree, no interpreter can be right."""
    degraded = {case.example_id: case.degraded for case in cases}
    again = repairs_again(project, sample_dataset(project, degraded), degraded)
    changes = {case.example_id: _change(case.degraded.weights, case.improved.weights) for case in cases}
    pair = 2 if project.config["dataset"]["twins"] else 1  # twins have much to do with each other
    same, unrelated = [], []
    for place, case in enumerate(cases):
        change = changes[case.example_id]
        same.append(_alike(change, _change(case.degraded.weights, again[case.example_id].weights)))
        shape = case.degraded.architecture.tensor_shapes
        for other in cases[place + 1 :]:
            is_twin = other.example_id // pair == case.example_id // pair
            if other.degraded.architecture.tensor_shapes == shape and not is_twin:
                unrelated.append(_alike(change, changes[other.example_id]))
                break
    figures: dict[str, list[float]] = {}
    for name, pairs in (("two runs", same), ("two records of one shape", unrelated)):
        for column, figure in enumerate(("cosine", "jaccard")):
            values = [alike[column] for alike in pairs]
            if values:
                figures[f"{figure}, {name}"] = np.quantile(values, [0.05, 0.5, 0.95]).tolist()
    return figures


def repairs_again(project: Project, examples: Examples, degraded: Models) -> dict[int, StoredModel]:
    """Stage 2 of the same networks on the same data, with another order of batches."""
    config = {**project.config, "seed": project.config["seed"] + 1}  # draws nothing but the order, of what is given
    return train_improved(Project(config), examples, degraded)


def _change(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> np.ndarray:
    """All numbers' changes, float64 [parameters]."""
    return np.concatenate([(after[name].astype(np.float64) - array).ravel() for name, array in before.items()])


def _alike(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """(cosine of two changes, Jaccard index of the TOP share of places that change most)."""
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    count = max(1, round(TOP * len(one)))
    places = [set(np.argsort(-np.abs(change), kind="stable")[:count].tolist()) for change in (one, other)]
    return float(one @ other / lengths) if lengths else 0.0, len(places[0] & places[1]) / len(places[0] | places[1])
