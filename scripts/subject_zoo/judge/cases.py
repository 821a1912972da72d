"""The records of a dataset folder as a judge sees them: what was asked for, both networks, and the true answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from subject_zoo.base.ids import format_id
from subject_zoo.base.terms import DATA, SPLITS, STAGES
from subject_zoo.dataset.layout import table_file, table_names, weights_file
from subject_zoo.networks.files import load_models
from subject_zoo.networks.model import StoredModel


@dataclass(frozen=True)
class Case:
    """One record: `degraded` is what a modification starts from, `improved` the recorded one, `listed_patterns` the
    classification's true answer."""

    example_id: int
    selected_patterns: tuple[str, ...]
    target_pattern: str
    degraded: StoredModel
    improved: StoredModel
    listed_patterns: frozenset[str]


def load_cases(
    folder: Path, files: Mapping[str, Any], task_generation: Mapping[str, bool], split: str
) -> Iterator[Case]:
    """The records of a split, in the order of their ids. `files` are the manifest's, `split` one of SPLITS or "all"."""
    classified = "classification" in table_names(task_generation)
    shards = sorted({Path(name).stem for name in files if name.startswith(f"{DATA}/")})
    for shard in shards:
        rows: list[dict[str, Any]] = []
        for part in SPLITS if split == "all" else (split,):
            if table_file(DATA, part, shard) not in files:
                continue
            columns = ["example_id", "selected_patterns", "target_pattern"]
            here = pq.read_table(folder / table_file(DATA, part, shard), columns=columns).to_pylist()
            if classified:
                path = folder / table_file("classification", part, shard)
                listed = pq.read_table(path, columns=["listed_patterns"])["listed_patterns"].to_pylist()
                here = [row | {"listed": names} for row, names in zip(here, listed, strict=True)]
            rows += here
        models = load_models(folder / weights_file(shard)) if rows else {}
        for row in sorted(rows, key=lambda row: row["example_id"]):
            degraded, improved = (models[f"{format_id(row['example_id'])}/{stage}"] for stage in STAGES)
            yield Case(
                example_id=row["example_id"],
                selected_patterns=tuple(row["selected_patterns"]),
                target_pattern=row["target_pattern"],
                degraded=degraded,
                improved=improved,
                listed_patterns=frozenset(row.get("listed", ())),
            )
