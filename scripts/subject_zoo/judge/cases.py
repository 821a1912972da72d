"""The records of a dataset folder as a judge sees them: what was asked for, both networks, and the true answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from subject_zoo.base.ids import format_id
from subject_zoo.base.terms import DATA, SPLITS
from subject_zoo.config.tasks import published_stages, tasks_of
from subject_zoo.dataset.layout import table_file, weights_file
from subject_zoo.networks.files import load_models
from subject_zoo.networks.model import StoredModel


@dataclass(frozen=True)
class Case:
    """One record: `degraded` is what a modification starts from, `improved` the recorded one, `listed_patterns` the
    classification's true answer.

    Of a dataset without modification `target_pattern` is None, and `degraded` the improved network itself; of one
    without classification nothing is listed.
    """

    example_id: int
    selected_patterns: tuple[str, ...]
    target_pattern: str | None
    degraded: StoredModel
    improved: StoredModel
    listed_patterns: frozenset[str]

    @property
    def target(self) -> str:
        """The target pattern of a record that has a modification. Raises ValueError for one that has none."""
        if self.target_pattern is None:
            raise ValueError(f"record {self.example_id} has no modification")
        return self.target_pattern


def load_cases(
    folder: Path, files: Mapping[str, Any], task_generation: Mapping[str, bool], split: str
) -> Iterator[Case]:
    """The records of a split, in the order of their ids. `files` are the manifest's, `split` one of SPLITS or "all"."""
    tasks = tasks_of(task_generation)
    shards = sorted({Path(name).stem for name in files if name.startswith(f"{DATA}/")})
    for shard in shards:
        rows: list[dict[str, Any]] = []
        for part in SPLITS if split == "all" else (split,):
            if table_file(DATA, part, shard) not in files:
                continue
            columns = ["example_id", "selected_patterns", *(["target_pattern"] if "modification" in tasks else [])]
            here = pq.read_table(folder / table_file(DATA, part, shard), columns=columns).to_pylist()
            if "classification" in tasks:
                path = folder / table_file("classification", part, shard)
                listed = pq.read_table(path, columns=["listed_patterns"])["listed_patterns"].to_pylist()
                here = [row | {"listed": names} for row, names in zip(here, listed, strict=True)]
            rows += here
        models = load_models(folder / weights_file(shard)) if rows else {}
        for row in sorted(rows, key=lambda row: row["example_id"]):
            names = [f"{format_id(row['example_id'])}/{stage}" for stage in published_stages(task_generation)]
            yield Case(
                example_id=row["example_id"],
                selected_patterns=tuple(row["selected_patterns"]),
                target_pattern=row.get("target_pattern"),
                degraded=models[names[0]],
                improved=models[names[-1]],
                listed_patterns=frozenset(row.get("listed", ())),
            )
