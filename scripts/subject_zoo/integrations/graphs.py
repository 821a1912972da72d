"""A dataset's networks as graphs of PyTorch Geometric, whatever their depths, widths and activations.

graphs = NetworkGraphs("results/dataset", "train", views=KINDS)
loader = DataLoader(graphs, batch_size=32, shuffle=True)
"""

from collections.abc import Collection
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset
from torch_geometric.data import Data

from subject_zoo.integrations.networks import Network, check_kinds, load_networks

NODE_TYPES = ("input", "hidden", "output")


class NetworkGraphs(Dataset[Data]):
    """The graphs of a split's networks, made as they are asked for. With `views`, kinds of networks/views.py, each is
    another view of its network every time: other weights of the same function."""

    def __init__(
        self,
        folder: str | Path,
        split: str = "train",
        stage: str = "improved",
        views: Collection[str] = (),
        trusted: bool = False,
    ) -> None:
        """As `load_networks`; raises UserError for an unknown kind too."""
        check_kinds(views)
        self.networks, self.views = load_networks(folder, split, stage, trusted), tuple(views)

    def __len__(self) -> int:
        return len(self.networks)

    def __getitem__(self, place: int) -> Data:
        return graph_of(self.networks[place].drawn_view(self.views))


def graph_of(network: Network) -> Data:
    """A network as a graph: its N inputs and neurons, and its E weights.

    x           float32 [N, 1]: biases, 0 of inputs
    edge_index  int64 [2, E], from what a weight reads to the neuron that it is of; edge_attr float32 [E, 1]: weights
    node_type   int64 [N], a place in NODE_TYPES
    layer       int64 [N], 0 of inputs
    place       int64 [N], within the layer: it means something of inputs alone, letter v at position t having
                t * vocab_size + v where they are one-hot
    activation  int64 [1], a place in base.terms.ACTIVATIONS
    y           float32 [1, P], 1 of the patterns that the record's mended network calls positive
    target      int64 [1], the pattern to be mended, -1 where none is; example_id int64 [1]
    """
    weights, sizes = list(network.model.weights.values()), network.model.architecture.layer_sizes
    edge_index, node_type, layer, place = _layered((sizes[0][0], *(outputs for _, outputs in sizes)))
    return Data(
        x=_column([np.zeros(sizes[0][0], np.float32), *weights[1::2]]),
        edge_index=edge_index,
        edge_attr=_column(weights[::2]),
        node_type=node_type,
        layer=layer,
        place=place,
        activation=torch.tensor([network.activation]),
        y=torch.from_numpy(network.listed[None].astype(np.float32)),
        target=torch.tensor([network.target]),
        example_id=torch.tensor([network.example_id]),
    )


def _column(arrays: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate([array.ravel() for array in arrays]))[:, None]


@lru_cache(maxsize=256)
def _layered(sizes: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """(edge_index, node_type, layer, place) of all networks with layers of these sizes, whose graphs share them."""
    starts = np.cumsum([0, *sizes[:-1]])
    edges = [
        np.stack([np.tile(below + np.arange(inputs), outputs), np.repeat(above + np.arange(outputs), inputs)])
        for (inputs, outputs), (below, above) in zip(pairwise(sizes), pairwise(starts), strict=True)
    ]
    types = [0, *[1] * (len(sizes) - 2), 2]
    return (
        torch.from_numpy(np.concatenate(edges, axis=1)),
        torch.from_numpy(np.repeat(types, sizes)),
        torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)),
        torch.from_numpy(np.concatenate([np.arange(size) for size in sizes])),
    )
