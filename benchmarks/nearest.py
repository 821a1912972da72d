"""Does the test split repeat what is trained on? The training record nearest to each test record.

    python benchmarks/nearest.py results/dataset

prints a table, and last a line of JSON. Compared are improved networks. In behaviour: the share of the project's test
sequences, those of the gates, that two networks call the same. In weights: the cosine between all weights and biases
of two networks of one shape, neuron by neuron as they stand; a network that was copied has 1, two that only began at
other random weights are near 0. Pools are drawn from the seed where pools.npz is not given.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from subject_zoo.base.ids import format_id  # noqa: E402
from subject_zoo.evaluation.exam import classify  # noqa: E402
from subject_zoo.networks.files import load_models  # noqa: E402
from subject_zoo.networks.model import StoredModel  # noqa: E402
from subject_zoo.project import Project  # noqa: E402


def improved_models(folder: Path, split: str) -> dict[int, StoredModel]:
    """The improved networks of a split by example id, from a dataset folder."""
    models = {}
    for path in sorted((folder / "data" / split).glob("*.parquet")):
        of_shard = load_models(folder / "weights" / f"{path.stem}.safetensors")
        for example_id in pq.read_table(path, columns=["example_id"])["example_id"].to_pylist():
            models[example_id] = of_shard[f"{format_id(example_id)}/improved"]
    return models


def nearest_agreement(tested: np.ndarray, learned: np.ndarray) -> np.ndarray:
    """The largest share of m verdicts that each row of bool [a, m] has in common with a row of bool [b, m]: [a]."""
    rows, others = (np.packbits(verdicts, axis=1) for verdicts in (tested, learned))
    fewest = [np.bitwise_count(others ^ row).sum(axis=1, dtype=np.int64).min() for row in rows]
    return 1 - np.array(fewest) / tested.shape[1]


def nearest_cosine(tested: Sequence[StoredModel], learned: Sequence[StoredModel]) -> np.ndarray:
    """The largest cosine between each network's weights and another's of its shape: [a], NaN where none has it."""
    found = np.full(len(tested), np.nan)
    rows, others = _by_shape(tested), _by_shape(learned)
    for shape in rows.keys() & others.keys():
        one = _directions([tested[place] for place in rows[shape]])
        other = _directions([learned[place] for place in others[shape]])
        found[rows[shape]] = (one @ other.T).max(axis=1)
    return found


def _by_shape(models: Sequence[StoredModel]) -> dict[tuple[Any, ...], list[int]]:
    places: dict[tuple[Any, ...], list[int]] = {}
    for place, model in enumerate(models):
        places.setdefault(tuple(model.architecture.layer_sizes), []).append(place)
    return places


def _directions(models: Sequence[StoredModel]) -> np.ndarray:
    """Weights as unit vectors, float64 [n, parameters]."""
    flat = np.array([np.concatenate([array.ravel() for array in model.weights.values()]) for model in models])
    return flat.astype(np.float64) / np.linalg.norm(flat.astype(np.float64), axis=1, keepdims=True)


def nearest(folder: Path, pools: Path | None) -> dict[str, Any]:
    """The figures, by what they are called in the table. Exits where the folder has no test or no training record."""
    config = json.loads((folder / "manifest.json").read_text())["config"]
    tokens = Project(config, pools_file=pools).exam.tokens
    tested, learned = (improved_models(folder, split) for split in ("test", "train"))
    if not tested or not learned:
        sys.exit(f"{folder}: {len(tested)} test and {len(learned)} training records; at least one of each is needed")
    agreement = nearest_agreement(*(np.array(list(classify(m, tokens).values())) for m in (tested, learned)))
    cosine = nearest_cosine(list(tested.values()), list(learned.values()))
    shared = cosine[~np.isnan(cosine)]
    return {
        "test records": len(tested),
        "training records": len(learned),
        "test sequences": len(tokens),
        "share that agrees with one on every sequence": round(float((agreement == 1).mean()), 4),
        "nearest agreement, median": round(float(np.median(agreement)), 4),
        "nearest agreement, lowest": round(float(agreement.min()), 4),
        "test records whose shape stands in training": len(shared),
        "nearest cosine of weights, median": round(float(np.median(shared)), 4) if len(shared) else None,
        "nearest cosine of weights, largest": round(float(shared.max()), 4) if len(shared) else None,
    }


def _table(figures: Mapping[str, Any]) -> str:
    rows = [("figure", "value"), ("---", "---"), *figures.items()]
    return "\n".join(f"| {name} | {'-' if value is None else value} |" for name, value in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the dataset folder, results/dataset")
    parser.add_argument("--pools", type=Path, help="pools.npz of the project [drawn from the seed]")
    options = parser.parse_args()
    figures = nearest(options.folder, options.pools)
    print(_table(figures))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
