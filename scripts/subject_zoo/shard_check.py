"""The shards of a dataset folder: which examples stand where, and each record against its weights."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from subject_zoo.example_ranges import format_id
from subject_zoo.problem import Problem
from subject_zoo.record_check import RecordChecker
from subject_zoo.shard_reader import STAGES, Row, read_features, read_models, read_rows, written_schema
from subject_zoo.shards import record_columns
from subject_zoo.splits import SPLITS, split_of
from subject_zoo.weights import StoredModel
from subject_zoo.windows import Windows


class ShardChecker:
    """Checks shard after shard; `places` are the examples met so far, as (Parquet file, row) by example id."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any], records: RecordChecker) -> None:
        self.folder, self.records = folder, records
        self.files, self.config = manifest["files"], manifest["config"]
        self.windows = Windows(*(self.config[k] for k in ("examples_per_job", "ranges_per_shard", "max_candidates")))
        self.schema = written_schema(record_columns(self.config["task_generation"]))
        self.places: dict[int, tuple[str, int]] = {}

    @property
    def shards(self) -> list[str]:
        """Names of the manifest's shards, in order."""
        return sorted({Path(name).stem for name in self.files if name.startswith("data/")})

    def check(self, shard: str) -> Iterator[Problem]:
        """All problems of one shard."""
        weights, signatures = f"weights/{shard}.safetensors", f"signatures/{shard}.npz"
        models = read_models(self.folder, weights)
        features = read_features(self.folder, signatures, self.records.extractor.feature_names)
        yield from (part for part in (models, features) if isinstance(part, Problem))
        ids: list[int] = []
        complete = True
        for split in SPLITS:
            name = f"data/{split}/{shard}.parquet"
            if name not in self.files:
                continue
            last = -1
            for row in read_rows(self.folder, name, self.schema):
                if isinstance(row, Problem):
                    yield row
                    complete = False
                ...
