"""A dataset's networks as batches for nfn, whose layers take networks of one shape at a time.

    for batch in WeightSpaceBatches("results/dataset", "train"):
        specification = network_spec_from_wsfeat(batch.features)

A specification holds inputs, outputs and the number of layers, so that one net of nfn's layers reads networks of all
widths, and each depth has its own.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from nfn.common import WeightSpaceFeatures

from subject_zoo.base.errors import UserError
from subject_zoo.integrations.networks import Network, check_kinds, load_networks


@dataclass(frozen=True)
class WeightSpaceBatch:
    """b networks of one shape.

    features    weights float32 [b, 1, outputs, inputs] and biases [b, 1, outputs] of each layer, the output's last
    activation  int64 [b], places in base.terms.ACTIVATIONS
    y           float32 [b, P], 1 of the patterns that the record's mended network calls positive
    target      int64 [b], the pattern to be mended, -1 where none is; example_id int64 [b]
    """

    features: WeightSpaceFeatures
    activation: torch.Tensor
    y: torch.Tensor
    target: torch.Tensor
    example_id: torch.Tensor


class WeightSpaceBatches:
    """The batches of a split's networks, in another order by torch's generator each time they are gone through. With
    `views`, kinds of networks/views.py, each network is then another view of itself."""

    def __init__(
        self,
        folder: str | Path,
        split: str = "train",
        stage: str = "improved",
        batch_size: int = 32,
        views: Collection[str] = (),
        trusted: bool = False,
    ) -> None:
        """As `load_networks`; raises UserError for an unknown kind of views and a batch size below 1 too."""
        check_kinds(views)
        if batch_size < 1:
            raise UserError(f"batch_size is {batch_size}; it must be at least 1")
        self.batch_size, self.views = batch_size, tuple(views)
        self._buckets: dict[tuple[int, int], list[Network]] = defaultdict(list)
        for network in load_networks(folder, split, stage, trusted):
            architecture = network.model.architecture
            self._buckets[architecture.num_layers, architecture.neurons_per_layer].append(network)

    def __len__(self) -> int:
        return sum(-(-len(bucket) // self.batch_size) for bucket in self._buckets.values())

    def __iter__(self) -> Iterator[WeightSpaceBatch]:
        batches = [
            [bucket[place] for place in places.tolist()]
            for bucket in self._buckets.values()
            for places in torch.split(torch.randperm(len(bucket)), self.batch_size)
        ]
        for chosen in torch.randperm(len(batches)).tolist():
            yield batch_of([network.drawn_view(self.views) for network in batches[chosen]])


def batch_of(networks: Sequence[Network]) -> WeightSpaceBatch:
    """Networks of one shape as a batch."""
    tensors = [
        torch.from_numpy(np.stack(arrays))[:, None]
        for arrays in zip(*(network.model.weights.values() for network in networks), strict=True)
    ]
    return WeightSpaceBatch(
        features=WeightSpaceFeatures(tensors[::2], tensors[1::2]),
        activation=torch.tensor([network.activation for network in networks]),
        y=torch.from_numpy(np.stack([network.listed for network in networks]).astype(np.float32)),
        target=torch.tensor([network.target for network in networks]),
        example_id=torch.tensor([network.example_id for network in networks]),
    )
