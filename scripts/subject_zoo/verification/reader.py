"""Reading a dataset's shards where any byte may be wrong: what can be read, and a problem for what cannot."""

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from subject_zoo.base.arrays import load_npz
from subject_zoo.base.terms import DATA
from subject_zoo.config.tasks import signed_stages
from subject_zoo.dataset.layout import signatures_file, table_file, table_names, weights_file
from subject_zoo.dataset.shards import table_schema, write_rows
from subject_zoo.networks.files import load_models
from subject_zoo.networks.model import StoredModel
from subject_zoo.signatures.files import read_signatures, stages_in
from subject_zoo.verification.problem import Problem, one_line

Signatures = dict[int, dict[str, np.ndarray]]  # float32 [neurons, F] by example id and stage


@dataclass(frozen=True)
class Row:
    """A row of a Parquet file: its number from 0, and its values by column, None where they cannot be read."""

    number: int
    example_id: int
    values: Mapping[str, Any] | None


class ShardReader:
    """The shards that a manifest names, as they lie in its folder."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any], feature_names: tuple[str, ...]) -> None:
        """`feature_names` are those that signatures are to have."""
        self.folder, self.files, self.feature_names = folder, manifest["files"], feature_names
        self.asked = manifest["config"]["task_generation"]

    @property
    def shards(self) -> list[str]:
        """Names of the shards, in order."""
        return sorted({Path(name).stem for name in self.files if name.startswith(f"{DATA}/")})

    def records(self, shard: str, split: str) -> Iterator[Row | Problem]:
        """The records of a shard in a split; none where the manifest has no file of them."""
        names = {table: table_file(table, split, shard) for table in table_names(self.asked)}
        return join_tables(self.folder, names, self.asked) if names[DATA] in self.files else iter(())

    def models(self, shard: str) -> dict[str, StoredModel] | Problem:
        """A shard's models by name, as "000123/degraded", in the file's order."""
        return read_models(self.folder, weights_file(shard))

    def signatures(self, shard: str) -> Signatures | Problem:
        """A shard's signatures, float32 [neurons, F] by example id and stage."""
        stages = signed_stages(self.asked)
        return read_features(self.folder, signatures_file(shard), stages, self.feature_names)


def join_tables(folder: Path, names: Mapping[str, str], task_generation: Mapping[str, bool]) -> Iterator[Row | Problem]:
    """The records of one split in order, joined from their tables; `names` are the files by table.

    A row has no values where a task's table has no row of the same example in the same place, or cannot be read.
    """
    tasks: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    for table in [table for table in names if table != DATA]:
        read = list(read_rows(folder, names[table], written_schema(table, task_generation)))
        tasks[table] = [row for row in read if isinstance(row, Row)]
        problems += [row for row in read if isinstance(row, Problem)]
    yield from problems
    count = 0
    for row in read_rows(folder, names[DATA], written_schema(DATA, task_generation)):
        values: dict[str, Any] | None = None
        problems += [row] if isinstance(row, Problem) else []
        count += isinstance(row, Row)
        if isinstance(row, Row) and row.values is not None:
            values = dict(row.values)
            for table, rows in tasks.items():
                partner = rows[row.number] if row.number < len(rows) else None
                if partner is not None and partner.example_id != row.example_id:
                    what = f"is of another example than the row of {names[DATA]}"
                    yield Problem(names[table], what, row.number, partner.example_id)
                if partner is None or partner.values is None or partner.example_id != row.example_id:
                    values = None
                    break
                values |= {
                    f"{table}_{column}": value for column, value in partner.values.items() if column != "example_id"
                }
        yield Row(row.number, row.example_id, values) if isinstance(row, Row) else row
    for table, rows in tasks.items():
        if not problems and len(rows) != count:
            yield Problem(names[table], f"has {len(rows)} rows; {names[DATA]} has {count}")


def written_schema(table: str, task_generation: Mapping[str, bool]) -> pa.Schema:
    """The schema that a table's Parquet file has when it is read."""
    file = io.BytesIO()
    write_rows(file, table_schema(table, task_generation), ())
    return pq.read_schema(pa.BufferReader(file.getvalue()))


def read_rows(folder: Path, name: str, schema: pa.Schema) -> Iterator[Row | Problem]:
    """The rows of a Parquet file in order, row group by row group; no rows where it has another schema."""
    try:
        file = pq.ParquetFile(folder / name)
    except Exception as error:  # damaged bytes: the library's errors are many, and each says the same
        yield _unreadable(folder, name, error)
        return
    with file:
        if not file.schema_arrow.equals(schema):
            yield Problem(name, f"has another schema: {_schema_difference(file.schema_arrow, schema)}")
            return
        first = 0
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            try:
                rows = file.read_row_group(group).to_pylist()
            except Exception:  # as above
                yield from _read_damaged(file, name, group, first)
            else:
                yield from (Row(first + i, values["example_id"], values) for i, values in enumerate(rows))
            first += count


def _schema_difference(actual: pa.Schema, expected: pa.Schema) -> str:
    for index, field in enumerate(expected):
        there = actual.field(index) if index < len(actual) else "nothing"
        if there != field:
            return f"column {index} is {there} instead of {field}"
    return f"column {len(expected)}, {actual.field(len(expected))}, is one too many"


def _read_damaged(file: pq.ParquetFile, name: str, group: int, first: int) -> Iterator[Row | Problem]:
    """The first row of each column of a row group that cannot be read, and rows without values where ids can be."""
    for column in file.schema_arrow.names:
        values: list[Any] = []
        try:
            for batch in file.iter_batches(1, row_groups=[group], columns=[column]):
                values += batch.column(0).to_pylist()
        except Exception as error:  # as above
            yield Problem(name, f"column {column} cannot be read ({one_line(error)})", first + len(values))
        if column == "example_id":
            yield from (Row(first + i, example_id, None) for i, example_id in enumerate(values))


def read_models(folder: Path, name: str) -> dict[str, StoredModel] | Problem:
    """A shard's models by name, as "000123/degraded", in the file's order."""
    try:
        return load_models(folder / name)
    except Exception as error:  # as above
        return _unreadable(folder, name, error)


def read_features(
    folder: Path, name: str, stages: Sequence[str], feature_names: tuple[str, ...]
) -> Signatures | Problem:
    """A shard's signatures, float32 [neurons, F] by example id and by stage, each of `stages` and no other; F as in
    `feature_names`."""
    try:
        arrays = load_npz(folder / name)
        stored, signatures = tuple(arrays["feature_names"].tolist()), read_signatures(arrays)
        there = stages_in(arrays)
        kinds = {key: (arrays[key].dtype.name, arrays[key].ndim) for key in ("example_ids", *there)}
    except Exception as error:  # as above
        return _unreadable(folder, name, error)
    wanted = {"example_ids": ("int64", 1), **dict.fromkeys(stages, ("float32", 2))}
    if kinds != wanted:
        return Problem(name, f"its arrays are {kinds} instead of {wanted}, in type and number of axes")
    if stored != feature_names:
        return Problem(name, f"has the features {one_line(stored)} instead of {one_line(feature_names)}")
    columns = {stage: arrays[stage].shape[1] for stage in stages}
    if set(columns.values()) != {len(feature_names)}:
        return Problem(name, f"its arrays have {columns} columns instead of {len(feature_names)}")
    return signatures


def _unreadable(folder: Path, name: str, error: Exception) -> Problem:
    text = one_line(error).removeprefix(f"{folder / name}: ").replace(f"{folder}{os.sep}", "")
    return Problem(name, f"cannot be read ({text})")
