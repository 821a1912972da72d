"""The shards of a dataset folder: which examples stand where, and each record against its weights."""

from collections.abc import Iterator, Mapping

from subject_zoo.base.ids import format_id
from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import DATA, SPLITS
from subject_zoo.config.tasks import published_stages
from subject_zoo.dataset.layout import signatures_file, table_file, table_of, weights_file
from subject_zoo.dataset.parts import Part
from subject_zoo.networks.model import StoredModel
from subject_zoo.verification.problem import Problem
from subject_zoo.verification.reader import Row, ShardReader, Signatures
from subject_zoo.verification.records import Neighbour, RecordChecker, StageModels


class ShardChecker:
    """Checks shard after shard of a part; `places` are the examples met so far, as (shard, Parquet file, row) by id."""

    def __init__(self, part: Part, records: RecordChecker) -> None:
        self.part, self.config, self.records = part, part.config, records
        self.places: dict[int, tuple[str, str, int]] = {}

    @property
    def knows_all_verdicts(self) -> bool:
        """Whether all records that were met could be checked."""
        first = self.part.first_example_id
        return {first + own_id for own_id in self.records.verdicts} == set(self.places)

    def check(self, reader: ShardReader, shard: str) -> Iterator[Problem]:
        """All problems of one shard."""
        models, signatures = reader.models(shard), reader.signatures(shard)
        yield from (part for part in (models, signatures) if isinstance(part, Problem))
        candidates = self.part.ids_of(shard)
        ids: set[int] = set()
        all_read = True
        for split in SPLITS:
            name, last = table_file(DATA, split, shard), -1
            before = self._last_before(reader, shard, split) if self.records.shuffled else None
            for row in reader.records(shard, split):
                if isinstance(row, Problem):
                    yield row
                    all_read &= row.file != name  # ids stand in this table
                    continue
                if what := self._misplaced(row, candidates, last):
                    yield Problem(name, what, row.number, row.example_id)
                if row.example_id not in candidates:
                    continue
                self.places.setdefault(row.example_id, (shard, name, row.number))
                ids.add(row.example_id)
                last = max(last, row.example_id)
                for column, what in self._check_row(split, row, models, signatures, before):
                    yield Problem(table_file(table_of(column), split, shard), what, row.number, row.example_id)
                before = self._as_neighbour(row.example_id - self.part.first_example_id)
        if all_read and not isinstance(models, Problem):
            asked = self.config["task_generation"]
            wanted = [name for example_id in sorted(ids) for name in model_names(example_id, asked).values()]
            yield from _strangers(weights_file(shard), list(models), wanted)
        if all_read and not isinstance(signatures, Problem):
            there, wanted = ([format_id(i) for i in example_ids] for example_ids in (signatures, sorted(ids)))
            yield from _strangers(signatures_file(shard), there, wanted)

    def _misplaced(self, row: Row, candidates: range, last: int) -> str | None:
        if row.example_id not in candidates:
            return f"is out of place: the shard is of examples {candidates.start} to {candidates.stop - 1}"
        if row.example_id in self.places:
            return "stands twice, first in {}, row {}".format(*self.places[row.example_id][1:])
        if row.example_id < last:
            return f"stands after example {format_id(last)}; rows are in the order of example_id"
        return None

    def _check_row(
        self,
        split: str,
        row: Row,
        models: Mapping[str, StoredModel] | Problem,
        signatures: Signatures | Problem,
        before: Neighbour | None,
    ) -> Iterator[tuple[str, str]]:
        """What is wrong with a row of a candidate's id, each with the column that shows it."""
        example_id, own_id = row.example_id, row.example_id - self.part.first_example_id
        right = self.records.split(own_id)
        if split != right:
            yield "example_id", f"belongs in the split {right}"
        if row.values is None or isinstance(models, Problem) or isinstance(signatures, Problem):
            return  # the file that cannot be read is a problem already
        own = models_of(example_id, models, self.config["task_generation"])
        if own and example_id in signatures:  # else `_strangers` tells
            try:
                values = {**row.values, "example_id": own_id}
                yield from self.records.check(own_id, values, own, signatures[example_id], before)
            except RecursionError:
                yield "metadata", "holds values that are nested too deeply"

    def _last_before(self, reader: ShardReader, shard: str, split: str) -> Neighbour | None:
        """The last record of a split in the part's shards before this one, by its own id; None where there is none."""
        for earlier in reversed([name for name in reader.shards if name < shard]):
            if (example_id := reader.last_id(earlier, split)) is None:
                continue
            own_id = example_id - self.part.first_example_id
            models, signatures = reader.models(earlier), reader.signatures(earlier)
            if isinstance(models, Problem) or isinstance(signatures, Problem):
                return Neighbour(own_id)
            if example_id not in self.part.ids_of(earlier) or example_id not in signatures:
                return Neighbour(own_id)
            own = models_of(example_id, models, self.config["task_generation"])
            return self.records.neighbour(own_id, own, signatures[example_id])
        return None

    def _as_neighbour(self, own_id: int) -> Neighbour:
        """The row just checked, as it was made again, if it was."""
        last = self.records.last
        return last if last is not None and last.example_id == own_id else Neighbour(own_id)


def model_names(example_id: int, task_generation: Mapping[str, bool]) -> dict[str, str]:
    """What an example's models are called in a shard's file, by stage."""
    return {stage: f"{format_id(example_id)}/{stage}" for stage in published_stages(task_generation)}


def models_of(example_id: int, models: Mapping[str, StoredModel], task_generation: Mapping[str, bool]) -> StageModels:
    """An example's published models by stage; none unless all are there."""
    names = model_names(example_id, task_generation)
    return {stage: models[name] for stage, name in names.items()} if set(names.values()) <= set(models) else {}


def _strangers(file: str, there: list[str], wanted: list[str]) -> Iterator[Problem]:
    """What a shard's file holds too much, too little or in another order; both lists are of distinct names."""
    missing, extra = set(wanted) - set(there), set(there) - set(wanted)
    for name in sorted(missing):
        yield Problem(file, f"does not hold {name}, which has a row", example_id=int(name.split("/")[0]))
    for name in sorted(extra):
        yield Problem(file, f"holds {one_line(name)}, which has no row")
    if not missing and not extra and there != wanted:
        yield Problem(file, "its examples are not in the order of example_id")
