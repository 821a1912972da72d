"""What a dataset's tables and weights say of its networks, read without the library."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from safetensors.numpy import load_file

Labels = dict[int, tuple[list[float], int, list[float]]]


def labels_of(folder: Path, stage: str) -> Labels:
    """(patterns listed, 1.0 or 0.0 each; the target's place; the weights in one list) by example id."""
    patterns = json.loads((folder / "manifest.json").read_text())["config"]["patterns"]["enabled"]
    tensors = {name: array for path in folder.glob("weights/*") for name, array in load_file(path).items()}
    targets, listed = (
        {
            row["example_id"]: row[column]
            for path in folder.glob(f"{table}/*/*")
            for row in pq.read_table(path).to_pylist()
        }
        for table, column in (("data", "target_pattern"), ("classification", "listed_patterns"))
    )
    found = {}
    for example_id, target in targets.items():
        start = f"{example_id:06d}/{stage}/network."
        names = sorted(
            (name for name in tensors if name.startswith(start) and name.endswith(".weight")),
            key=lambda name: int(name.removeprefix(start).removesuffix(".weight")),
        )
        weights = np.concatenate([tensors[name].ravel() for name in names]).tolist()
        y = [float(pattern in listed[example_id]) for pattern in patterns]
        found[example_id] = (y, patterns.index(target), weights)
    return found
