"""Do readers of weights answer alike on all views of a network? Three of them, by how they see its neurons.

    python benchmarks/views_table.py results/dataset

learns to classify from the folder's training records, asks of its test records as they stand and on four views of each
(subject-zoo views), and prints a table, and last a line of JSON. Two readers are perceptrons that get every weight in
its place, padded; one of them sees another view of each network in each epoch. The third is the ladder's graph net,
for which neurons have no order.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from subject_zoo.dataset.received import Received  # noqa: E402
from subject_zoo.judge.cases import Case, load_cases  # noqa: E402
from subject_zoo.judge.intervals import f1_intervals, mean_interval  # noqa: E402
from subject_zoo.judge.material import Networks, stack_networks  # noqa: E402
from subject_zoo.judge.readers.learning import read  # noqa: E402
from subject_zoo.judge.views import over_views, view_of  # noqa: E402
from subject_zoo.networks.model import StoredModel  # noqa: E402
from subject_zoo.networks.views import EXACT, draw_view  # noqa: E402

VIEWS = 5  # of each record, with the record as it stands
EPOCHS, GRAPH_STEPS = 30, 400
WEIGHTS = ("first", "between", "last", "biases", "output_bias", "form")

Reader = Callable[[Sequence[StoredModel], np.ndarray, Sequence[StoredModel]], np.ndarray]
"""From networks to learn from, their patterns bool [n, P] and networks to be asked of: what it finds, bool [m, P]."""


class Readers:
    """The three readers, for networks of one configuration."""

    def __init__(self, config: dict[str, Any], seed: int) -> None:
        model = config["model"]
        self.depth, self.width = model["num_layers"][1], model["neurons_per_layer"][1]
        self.vocab_size, self.seed = config["patterns"]["vocab_size"], seed

    def in_place(self, learned: Sequence[StoredModel], labels: np.ndarray, asked: Sequence[StoredModel]) -> np.ndarray:
        return self._perceptron(learned, labels, asked, kinds=())

    def in_views(self, learned: Sequence[StoredModel], labels: np.ndarray, asked: Sequence[StoredModel]) -> np.ndarray:
        return self._perceptron(learned, labels, asked, kinds=EXACT)

    def graph(self, learned: Sequence[StoredModel], labels: np.ndarray, asked: Sequence[StoredModel]) -> np.ndarray:
        parts = (self._stacked(models) for models in (learned, asked))
        found = read("graph", "weights", self.seed, next(parts), labels, next(parts), self.vocab_size, GRAPH_STEPS)
        return found > 0.5

    def _stacked(self, models: Sequence[StoredModel]) -> Networks:
        return stack_networks(models, None, self.depth, self.width)

    def _flat(self, models: Sequence[StoredModel]) -> torch.Tensor:
        networks = self._stacked(models)
        parts = [getattr(networks, name).reshape(len(models), -1) for name in WEIGHTS]
        return torch.from_numpy(np.concatenate(parts, axis=1))

    def _perceptron(
        self, learned: Sequence[StoredModel], labels: np.ndarray, asked: Sequence[StoredModel], kinds: Sequence[str]
    ) -> np.ndarray:
        torch.manual_seed(self.seed)
        rng, values = np.random.default_rng(self.seed), self._flat(learned)
        mean, deviation = values.mean(0), values.std(0) + 1e-3
        truth = torch.from_numpy(labels.astype(np.float32))
        hidden = nn.Sequential(nn.Linear(values.shape[1], 256), nn.ReLU(), nn.Dropout(0.3))
        reader = nn.Sequential(hidden, nn.Linear(256, labels.shape[1]))
        optimizer = torch.optim.AdamW(reader.parameters(), 1e-3, weight_decay=1e-2)
        for _ in range(EPOCHS):
            if kinds:
                values = self._flat([turned(model, rng, kinds) for model in learned])
            for chosen in torch.split(torch.randperm(len(values)), 64):
                loss = binary_cross_entropy_with_logits(reader((values[chosen] - mean) / deviation), truth[chosen])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        reader.eval()
        with torch.no_grad():
            return (reader((self._flat(asked) - mean) / deviation) > 0).numpy()


def turned(model: StoredModel, rng: np.random.Generator, kinds: Sequence[str]) -> StoredModel:
    """Another view of a network."""
    return replace(model, weights=draw_view(model.architecture, rng, kinds).of(model.weights))


def figures(named: np.ndarray, labels: np.ndarray) -> dict[str, tuple[float, float, float]]:
    """(value, low, high) of what was found on all views, bool [views, n, P], against the truth bool [n, P]."""
    answers = [
        [{"wrong": None, "named": one.tolist(), "exact": bool((one == truth).all())} for one in of_views]
        for of_views, truth in zip(named.swapaxes(0, 1), labels, strict=True)
    ]
    exact = mean_interval((named[0] == labels).all(axis=1).astype(np.float64))
    macro = f1_intervals(labels, named[0])["macro_f1"]
    return {"macro_f1": macro, "exact_match": exact, **over_views("classification", answers)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the dataset folder, results/dataset")
    parser.add_argument("--seed", type=int, default=0, help="of the readers [0]")
    options = parser.parse_args()
    received = Received(options.folder)
    manifest = received.manifest()
    config = manifest["config"]
    learned, tested = (list(load_cases(received, manifest, split)) for split in ("train", "test"))
    patterns = config["patterns"]["enabled"]

    def labels(cases: Sequence[Case]) -> np.ndarray:
        return np.array([[name in case.listed_patterns for name in patterns] for case in cases])

    asked = [view_of(case, config["seed"], view).improved for view in range(VIEWS) for case in tested]
    readers = Readers(config, options.seed)
    rows: dict[str, Reader] = {
        "every weight in its place": readers.in_place,
        "the same, shown another view in each epoch": readers.in_views,
        "graph net": readers.graph,
    }
    print(f"{len(learned)} records learned, {len(tested)} tested on {VIEWS} views each\n")
    print("| reader | macro F1 | exact | agrees on all views | right on all |\n|---|---|---|---|---|", flush=True)
    found = {}
    for name, reader in rows.items():
        named = reader([case.improved for case in learned], labels(learned), asked)
        found[name] = figures(named.reshape(VIEWS, len(tested), -1), labels(tested))
        cells = [f"{value:.2f} ({low:.2f}, {high:.2f})" for value, low, high in found[name].values()]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
