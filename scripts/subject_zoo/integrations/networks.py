"""The networks of a dataset's folder with what is to be learned of them, for readers of weights."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import ACTIVATIONS
from subject_zoo.config.tasks import published_stages
from subject_zoo.dataset.received import Received
from subject_zoo.judge.cases import load_cases
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.views import KINDS, draw_view


@dataclass(frozen=True)
class Network:
    """One network of a record.

    listed  bool [P], by enabled pattern: what the record's classification lists, the patterns that the mended network
            calls positive; of a dataset without classification those that it was trained on
    target  the place among them of the pattern that a modification is to mend; -1 of a dataset without modification
    """

    example_id: int
    model: StoredModel
    listed: np.ndarray
    target: int

    @property
    def activation(self) -> int:
        """The place of the network's activation in `base.terms.ACTIVATIONS`."""
        return ACTIVATIONS.index(self.model.architecture.activation_type)

    def drawn_view(self, kinds: Collection[str]) -> Self:
        """The same function by other weights (networks/views.py), drawn by torch's generator, which differs from one
        worker of a DataLoader to another; itself where no kind is named."""
        if not kinds:
            return self
        view = draw_view(self.model.architecture, np.random.default_rng(int(torch.randint(2**62, ()))), kinds)
        return replace(self, model=replace(self.model, weights=view.of(self.model.weights)))


def load_networks(
    folder: str | Path, split: str = "train", stage: str = "improved", trusted: bool = False
) -> list[Network]:
    """The "degraded" or "improved" networks of a split ("all": of every split), in the order of their records' ids.

    A folder that is not `trusted` takes a bounded amount of memory, and its links are not followed, of which the Hub's
    client makes copies. Raises UserError for a stage that the dataset has not, and for a folder that cannot be used.
    """
    received = Received(Path(folder), trusted)
    manifest = received.manifest()
    config = manifest["config"]
    if stage not in (stages := published_stages(config["task_generation"])):
        raise UserError(f"stage is {stage!r}; this dataset has {' and '.join(stages)} networks")
    patterns, lists = config["patterns"]["enabled"], config["task_generation"]["include_classification"]
    networks = []
    for case in load_cases(received, manifest, split):
        named = case.listed_patterns if lists else case.selected_patterns
        networks.append(
            Network(
                example_id=case.example_id,
                model=case.degraded if stage == "degraded" else case.improved,
                listed=np.array([pattern in named for pattern in patterns]),
                target=-1 if case.target_pattern is None else patterns.index(case.target_pattern),
            )
        )
    return networks


def check_kinds(kinds: Collection[str]) -> None:
    """Raise UserError for a kind of views that there is not."""
    for kind in kinds:
        if kind not in KINDS:
            raise UserError(f"views: {kind!r} is unknown; choose from {', '.join(KINDS)}")
