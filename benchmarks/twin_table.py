"""How alike twins are: networks of one start and one dataset but for a pattern (`dataset.twins: true`).

    python benchmarks/twin_table.py results/dataset

prints, by how many patterns they select, the pairs and the cosine of all their mended weights at the median; the same
for networks of one form that are no twins; and, with `validation.ablation`, in how many pairs the hidden neuron whose
silencing costs a pattern that both select most is one and the same.
"""

import argparse
import json
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from statistics import median

import numpy as np
from published_records import read_records

COLUMNS = (
    "selected_patterns",
    "activation_type",
    "num_layers",
    "neurons_per_layer",
    "improved_model_weights",
    "ablation",
)


def flat(record: dict) -> np.ndarray:
    return np.concatenate([np.ravel(rows) for rows in json.loads(record["improved_model_weights"])["weights"].values()])


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def matters_most(record: dict, pattern: str) -> tuple[str, int]:
    """The layer and the number of the neuron without which the pattern's accuracy is lowest."""
    effects = json.loads(record["ablation"])["improved"]
    return max(
        ((layer, neuron) for layer, of in effects.items() for neuron in range(len(of[pattern]))),
        key=lambda place: effects[place[0]][pattern][place[1]],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of a dataset")
    folder = parser.parse_args().folder
    if not json.loads((folder / "manifest.json").read_text())["config"]["dataset"].get("twins"):
        raise SystemExit(f"{folder}: has no twins (dataset.twins), and neighbours by number are none")
    records = {record["example_id"]: record for record in read_records(folder, COLUMNS)}
    weights = {example_id: flat(record) for example_id, record in records.items()}
    pairs = [(i, i + 1) for i in sorted(records) if i % 2 == 0 and i + 1 in records]
    by_number, same, neurons = defaultdict(list), [], []
    for one, other in pairs:
        selected = [records[i]["selected_patterns"] for i in (one, other)]
        by_number[len(selected[0])].append(cosine(weights[one], weights[other]))
        for pattern in set(selected[0]) & set(selected[1]) if "ablation" in records[one] else ():
            same.append(matters_most(records[one], pattern) == matters_most(records[other], pattern))
            neurons.append(records[one]["num_layers"] * records[one]["neurons_per_layer"])
    for number, found in sorted(by_number.items()):
        print(
            f"{number} selected: {len(found)} pairs, cosine {median(found):.2f}, {min(found):.2f} to {max(found):.2f}"
        )
    by_form = defaultdict(list)
    for i, record in records.items():
        by_form[record["num_layers"], record["neurons_per_layer"], record["activation_type"]].append(i)
    strangers = [
        cosine(weights[i], weights[j])
        for members in by_form.values()
        for i, j in combinations(members, 2)
        if i // 2 != j // 2
    ]
    print(
        f"no twins, of one form: {len(strangers)} pairs, cosine {median(strangers):.2f}, at most {max(strangers):.2f}"
    )
    if same:
        chance = sum(1 / count for count in neurons) / len(neurons)
        print(
            f"the neuron that matters most is one: {sum(same)} of {len(same)} shared patterns ({chance:.3f} by chance)"
        )


if __name__ == "__main__":
    main()
