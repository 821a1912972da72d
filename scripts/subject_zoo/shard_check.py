"""The shards of a dataset folder: which examples stand where, and each record against its weights."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from subject_zoo.example_ranges import format_id
from subject_zoo.problem import Problem, one_line
from subject_zoo.record_check import RecordChecker
from subject_zoo.shard_reader import STAGES, Row, Signatures, read_features, read_models, read_records
from subject_zoo.shard_tables import DATA, table_names, table_of
from subject_zoo.splits import SPLITS, split_of
from subject_zoo.weights import StoredModel
from subject_zoo.windows import Windows


class ShardChecker:
    """Checks shard after shard; `places` are the examples met so far, as (Parquet file, row) by example id."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any], records: RecordChecker) -> None:
        self.folder, self.records = folder, records
        self.files, self.config = manifest["files"], manifest["config"]
        self.windows = Windows(*(self.config[k] for k in ("examples_per_job", "ranges_per_shard", "max_candidates")))
        self.tables = table_names(self.config["task_generation"])
        self.places: dict[int, tuple[str, int]] = {}

    @property
    def shards(self) -> list[str]:
        """Names of the manifest's shards, in order."""
        return sorted({Path(name).stem for name in self.files if name.startswith(f"{DATA}/")})

    def check(self, shard: str) -> Iterator[Problem]:
        """All problems of one shard."""
        weights, signatures = f"weights/{shard}.safetensors", f"signatures/{shard}.npz"
        models = read_models(self.folder, weights)
        features = read_features(self.folder, signatures, self.records.extractor.feature_names)
        yield from (part for part in (models, features) if isinstance(part, Problem))
        candidates = self._candidates(shard)
        ids: set[int] = set()
        all_read = True
        for split in SPLITS:
            names = {table: f"{table}/{split}/{shard}.parquet" for table in self.tables}
            name, last = names[DATA], -1
            for row in read_records(self.folder, names) if name in self.files else ():
                if isinstance(row, Problem):
                    yield row
                    all_read &= row.file != name  # ids stand in this table
                    continue
                if what := self._misplaced(row, candidates, last):
                    yield Problem(name, what, row.number, row.example_id)
                if row.example_id not in candidates:
                    continue
                self.places.setdefault(row.example_id, (name, row.number))
                ids.add(row.example_id)
                last = max(last, row.example_id)
                for column, what in self._check_row(split, row, models, features):
                    yield Problem(names[table_of(column)], what, row.number, row.example_id)
        if all_read and not isinstance(models, Problem):
            yield from _strangers(weights, list(models), [f"{format_id(i)}/{s}" for i in sorted(ids) for s in STAGES])
        if all_read and not isinstance(features, Problem):
            yield from _strangers(signatures, [format_id(i) for i in features], [format_id(i) for i in sorted(ids)])

    def _candidates(self, shard: str) -> range:
        """The ids of a shard's window; none past max_candidates."""
        size, end = self.windows.size, self.windows.max_candidates
        return range(int(shard) * size, min((int(shard) + 1) * size, end))

    def _misplaced(self, row: Row, candidates: range, last: int) -> str | None:
        if row.example_id not in candidates:
            return f"is out of place: the shard is of examples {candidates.start} to {candidates.stop - 1}"
        if row.example_id in self.places:
            return "stands twice, first in {}, row {}".format(*self.places[row.example_id])
        if row.example_id < last:
            return f"stands after example {format_id(last)}; rows are in the order of example_id"
        return None

    def _check_row(
        self, split: str, row: Row, models: Mapping[str, StoredModel] | Problem, features: Signatures | Problem
    ) -> Iterator[tuple[str, str]]:
        """What is wrong with a row, each with the column that shows it."""
        plan = self.records.plan(row.example_id)
        right = split_of(self.config["seed"], row.example_id, plan.selected_patterns, **self.config["splits"])
        if split != right:
            yield "example_id", f"belongs in the split {right}"
        if row.values is None or isinstance(models, Problem) or isinstance(features, Problem):
            return  # the file that cannot be read is a problem already
        names = [f"{format_id(row.example_id)}/{stage}" for stage in STAGES]
        pair = tuple(models[name] for name in names if name in models)
        if len(pair) < len(names) or row.example_id not in features:
            return  # `_strangers` tells
        wrong = list(self.records.check_models(plan, pair))
        yield from ((f"{stage}_model_weights", what) for stage, what in wrong)
        if not wrong:
            for stage, what in self.records.check_signatures(pair, features[row.example_id]):
                yield f"{stage}_signature", what
            yield from self.records.check_row(plan, row.values, pair, features[row.example_id])


def _strangers(file: str, there: list[str], wanted: list[str]) -> Iterator[Problem]:
    """What a shard's file holds too much, too little or in another order; both lists are of distinct names."""
    missing, extra = set(wanted) - set(there), set(there) - set(wanted)
    for name in sorted(missing):
        yield Problem(file, f"does not hold {name}, which has a row", example_id=int(name.split("/")[0]))
    for name in sorted(extra):
        yield Problem(file, f"holds {one_line(name)}, which has no row")
    if not missing and not extra and there != wanted:
        yield Problem(file, "its examples are not in the order of example_id")
