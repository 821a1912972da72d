"""Reading a dataset's shards where any byte may be wrong: what can be read, and a problem for what cannot."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import DATA
from subject_zoo.config.tasks import signed_stages
from subject_zoo.dataset.layout import signatures_file, table_file, table_names, weights_file
from subject_zoo.dataset.parquet_pages import MOST_ROWS, Column, rows_together
from subject_zoo.dataset.received import Received
from subject_zoo.dataset.shards import table_schema, write_rows
from subject_zoo.networks.model import StoredModel
from subject_zoo.signatures.files import read_signatures, stages_in
from subject_zoo.verification.problem import Problem

Signatures = dict[int, dict[str, np.ndarray]]  # float32 [neurons, F] by example id and stage


@dataclass(frozen=True)
class Row:
    """A row of a Parquet file: its number from 0, and its values by column, None where they cannot be read."""

    number: int
    example_id: int
    values: Mapping[str, Any] | None


class ShardReader:
    """The shards that a manifest names, as they lie in its folder."""

    def __init__(
        self, folder: Received, manifest: Mapping[str, Any], feature_names: tuple[str, ...], shards: Sequence[str]
    ) -> None:
        """`feature_names` are those that signatures are to have; `shards` those that are to be read, in order."""
        self.folder, self.files, self.feature_names = folder, manifest["files"], feature_names
        self.asked, self.shards = manifest["config"]["task_generation"], shards
        self.ablation = manifest["config"]["validation"]["ablation"]

    def records(self, shard: str, split: str) -> Iterator[Row | Problem]:
        """The records of a shard in a split; none where the manifest has no file of them."""
        names = {table: table_file(table, split, shard) for table in table_names(self.asked)}
        return join_tables(self.folder, names, self.asked, self.ablation) if names[DATA] in self.files else iter(())

    def last_id(self, shard: str, split: str) -> int | None:
        """The id of the last record of a shard in a split; None where there is none that can be read."""
        name, last = table_file(DATA, split, shard), None
        try:
            for row in self.folder.rows(name, ["example_id"]) if name in self.files else ():
                last = row["example_id"]
        except Exception:  # damaged bytes: whoever checks that shard tells of them
            return None
        return last

    def models(self, shard: str) -> dict[str, StoredModel] | Problem:
        """A shard's models by name, as "000123/degraded", in the file's order."""
        return read_models(self.folder, weights_file(shard))

    def signatures(self, shard: str) -> Signatures | Problem:
        """A shard's signatures, float32 [neurons, F] by example id and stage."""
        stages = signed_stages(self.asked)
        return read_features(self.folder, signatures_file(shard), stages, self.feature_names)


def join_tables(
    folder: Received, names: Mapping[str, str], task_generation: Mapping[str, bool], ablation: bool
) -> Iterator[Row | Problem]:
    """The records of one split in order, joined from their tables; `names` are the files by table, `ablation` is the
    config's `validation.ablation`.

    A row has no values where a task's table has no row of the same example in the same place, or cannot be read.
    """
    tasks = {
        table: _Partners(read_rows(folder, names[table], written_schema(table, task_generation)))
        for table in names
        if table != DATA
    }
    count, is_whole = 0, True
    for row in read_rows(folder, names[DATA], written_schema(DATA, task_generation, ablation)):
        if isinstance(row, Problem):
            is_whole = False
            yield row
            continue
        count += 1
        values = None if row.values is None else dict(row.values)
        for table, partners in tasks.items():
            partner = partners.at(row.number)
            yield from partners.problems()
            if partner is not None and partner.example_id != row.example_id and values is not None:
                what = f"is of another example than the row of {names[DATA]}"
                yield Problem(names[table], what, row.number, partner.example_id)
            if values is None or partner is None or partner.values is None or partner.example_id != row.example_id:
                values = None
                continue
            values |= {f"{table}_{column}": value for column, value in partner.values.items() if column != "example_id"}
        yield Row(row.number, row.example_id, values)
    for table, partners in tasks.items():
        partners.at(MOST_ROWS)
        yield from partners.problems()
        is_whole &= not partners.had_problems
        if is_whole and partners.count != count:
            yield Problem(names[table], f"has {partners.count} rows; {names[DATA]} has {count}")


class _Partners:
    """The rows of a task's table, taken one after another beside those of another table."""

    def __init__(self, parts: Iterator[Row | Problem]) -> None:
        self._parts = parts
        self._row: Row | None = None
        self._problems: list[Problem] = []
        self.count, self.had_problems = 0, False  # of rows so far

    def at(self, number: int) -> Row | None:
        """The row of that number, None where there is none that can be read; numbers are asked for in their order."""
        while self._row is None or self._row.number < number:
            part = next(self._parts, None)
            if part is None:
                return None
            if isinstance(part, Row):
                self.count += 1
                self._row = part
            else:
                self.had_problems = True
                self._problems.append(part)
        return self._row if self._row.number == number else None

    def problems(self) -> Iterator[Problem]:
        """Those met since they were last asked for."""
        while self._problems:
            yield self._problems.pop(0)


def written_schema(table: str, task_generation: Mapping[str, bool], ablation: bool = False) -> pa.Schema:
    """The schema that a table's Parquet file has when it is read."""
    file = io.BytesIO()
    write_rows(file, table_schema(table, task_generation, ablation), ())
    return pq.read_schema(pa.BufferReader(file.getvalue()))


def read_rows(folder: Received, name: str, schema: pa.Schema) -> Iterator[Row | Problem]:
    """The rows of a Parquet file in order, some at a time; no rows where it has another schema."""
    try:
        with folder.table(name) as (table, columns_of):
            if not table.schema_arrow.equals(schema):
                yield Problem(name, f"has another schema: {_schema_difference(table.schema_arrow, schema)}")
                return
            first = 0
            for group in range(table.num_row_groups):
                columns = columns_of(group)
                yield from _read_group(table, columns, name, group, first)
                first += table.metadata.row_group(group).num_rows
    except Exception as error:  # damaged bytes: the library's errors are many, and each says the same
        yield _unreadable(name, error)


def _read_group(
    table: pq.ParquetFile, columns: Mapping[str, Column], name: str, group: int, first: int
) -> Iterator[Row | Problem]:
    """The rows of a row group, the first of which is the file's row `first`."""
    done = 0
    if not any(column.fault for column in columns.values()):
        try:
            for batch in table.iter_batches(rows_together(columns), row_groups=[group]):
                for values in batch.to_pylist():
                    yield Row(first + done, values["example_id"], values)
                    done += 1
        except Exception:  # as above
            pass
        else:
            return
    yield from _read_damaged(table, columns, name, group, first, done)


def _schema_difference(actual: pa.Schema, expected: pa.Schema) -> str:
    for index, field in enumerate(expected):
        there = actual.field(index) if index < len(actual) else "nothing"
        if there != field:
            return f"column {index} is {there} instead of {field}"
    return f"column {len(expected)}, {actual.field(len(expected))}, is one too many"


def _read_damaged(
    table: pq.ParquetFile, columns: Mapping[str, Column], name: str, group: int, first: int, done: int
) -> Iterator[Row | Problem]:
    """The first row of each column of a row group that cannot be read, and rows without values, but for the first
    `done`, where ids can be."""
    for column in table.schema_arrow.names:
        count = 0
        ids: list[Any] = []
        try:
            if fault := columns[column].fault:
                raise ValueError(fault)
            for batch in table.iter_batches(1, row_groups=[group], columns=[column]):
                count += len(batch)
                ids += batch.column(0).to_pylist() if column == "example_id" else []
        except Exception as error:  # as above
            yield Problem(name, f"column {column} cannot be read ({one_line(error)})", first + count)
        yield from (Row(first + done + i, example_id, None) for i, example_id in enumerate(ids[done:]))


def read_models(folder: Received, name: str) -> dict[str, StoredModel] | Problem:
    """A shard's models by name, as "000123/degraded", in the file's order."""
    try:
        return folder.models(name)
    except Exception as error:  # as above
        return _unreadable(name, error)


def read_features(
    folder: Received, name: str, stages: Sequence[str], feature_names: tuple[str, ...]
) -> Signatures | Problem:
    """A shard's signatures, float32 [neurons, F] by example id and by stage, each of `stages` and no other; F as in
    `feature_names`."""
    try:
        arrays = folder.arrays(name)
        stored, signatures = tuple(arrays["feature_names"].tolist()), read_signatures(arrays)
        there = stages_in(arrays)
        kinds = {key: (arrays[key].dtype.name, arrays[key].ndim) for key in ("example_ids", *there)}
    except Exception as error:  # as above
        return _unreadable(name, error)
    wanted = {"example_ids": ("int64", 1), **dict.fromkeys(stages, ("float32", 2))}
    if kinds != wanted:
        return Problem(name, f"its arrays are {kinds} instead of {wanted}, in type and number of axes")
    if stored != feature_names:
        return Problem(name, f"has the features {one_line(stored)} instead of {one_line(feature_names)}")
    columns = {stage: arrays[stage].shape[1] for stage in stages}
    if set(columns.values()) != {len(feature_names)}:
        return Problem(name, f"its arrays have {columns} columns instead of {len(feature_names)}")
    return signatures


def _unreadable(name: str, error: Exception) -> Problem:
    return Problem(name, f"cannot be read ({one_line(getattr(error, 'strerror', None) or error)})")
