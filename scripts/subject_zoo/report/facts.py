"""What a page is told from: a dataset folder's manifest and figures, and its first records with their networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import orjson

from subject_zoo.base.ids import format_id
from subject_zoo.base.terms import DATA, SPLITS, STAGES
from subject_zoo.config.tasks import published_stages
from subject_zoo.dataset.layout import (
    BENCHMARK_DATASET,
    VALIDITY,
    shards_in,
    signatures_file,
    table_file,
    weights_file,
)
from subject_zoo.dataset.received import Received
from subject_zoo.networks.model import StoredModel
from subject_zoo.patterns.space import PatternSpace, pattern_space
from subject_zoo.signatures.files import read_signatures

MOST = 1200  # records that are looked at one by one: half a second
_NUMBERS = 20_000_000  # of their networks: of larger ones, no further shard is read


@dataclass(frozen=True)
class Record:
    """One record: where it stands, its metadata, its learning curves, and its networks and signatures by stage."""

    example_id: int
    split: str
    shard: str
    metadata: Mapping[str, Any]
    curves: Mapping[str, Mapping[str, Any]]
    models: Mapping[str, StoredModel]
    signatures: Mapping[str, np.ndarray]

    @property
    def selected(self) -> Sequence[str]:
        """The patterns that it was trained on."""
        names: Sequence[str] = self.metadata["selected_patterns"]
        return names

    @cached_property
    def numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """All numbers of the degraded and of the improved network, float32 [n] each."""
        before, after = (
            np.concatenate([array.ravel() for array in self.models[stage].weights.values()]) for stage in STAGES
        )
        return before, after


@dataclass(frozen=True)
class Facts:
    """A folder.

    `records` are its first ones by id, all of them where there are no more than MOST, of moderate size; `validity` is
    None where the folder has no such figures; `labelled` are the sequences of its benchmark.
    """

    folder: Received
    manifest: Mapping[str, Any]
    validity: Mapping[str, Any] | None
    records: Sequence[Record]
    labelled: Sequence[Mapping[str, Any]]

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration that it was made by."""
        config: Mapping[str, Any] = self.manifest["config"]
        return config

    @property
    def mends(self) -> bool:
        """Whether records have a degraded network and a mended one."""
        return len(published_stages(self.config["task_generation"])) > 1

    @property
    def space(self) -> PatternSpace:
        """The space that sequences are from."""
        return pattern_space(self.config["patterns"])

    @property
    def enabled(self) -> Sequence[str]:
        """The patterns that examples choose from."""
        names: Sequence[str] = self.config["patterns"]["enabled"]
        return names

    @property
    def these_records(self) -> str:
        """Which records the figures are of that need to look at each."""
        total = self.manifest["num_examples"]
        return f"the first {len(self.records):,} of {total:,} records" if len(self.records) < total else "all records"


def read_facts(folder: Received, most: int = MOST) -> Facts:
    """What there is to tell of a folder.

    Raises UserError for its manifest, and for other files OSError, ValueError, KeyError, TypeError and pyarrow's.
    """
    manifest = folder.manifest()
    files = manifest["files"]
    validity = folder.json(VALIDITY) if VALIDITY in files else None
    records: list[Record] = []
    for shard in shards_in(files):
        if len(records) >= most or sum(map(_count, records)) >= _NUMBERS:
            break
        records += _records_of(folder, files, shard)
    return Facts(folder, manifest, validity, records[:most], folder.json(BENCHMARK_DATASET)["examples"])


def _count(record: Record) -> int:
    return sum(model.architecture.parameter_count for model in record.models.values())


def _records_of(folder: Received, files: Mapping[str, Any], shard: str) -> list[Record]:
    models, signatures = folder.models(weights_file(shard)), read_signatures(folder.arrays(signatures_file(shard)))
    found = []
    for split in SPLITS:
        if (name := table_file(DATA, split, shard)) not in files:
            continue
        for row in folder.rows(name, ["example_id", "metadata", "training_metrics"]):
            curves = orjson.loads(row["training_metrics"])
            found.append(
                Record(
                    row["example_id"],
                    split,
                    shard,
                    orjson.loads(row["metadata"]),
                    curves,
                    {stage: models[f"{format_id(row['example_id'])}/{stage}"] for stage in curves},
                    signatures[row["example_id"]],
                )
            )
    return sorted(found, key=lambda record: record.example_id)
