"""Shards: the accepted examples of a window as Parquet tables by split, with their exact weights and signatures."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from subject_zoo.base.arrays import load_npz, save_npz
from subject_zoo.base.files import atomic_file
from subject_zoo.base.ids import format_id
from subject_zoo.base.terms import ABLATION, COLUMNS, DATA, SPLITS
from subject_zoo.config.tasks import published_stages, signed_stages
from subject_zoo.dataset.splits import split_of_record
from subject_zoo.networks.files import load_models, save_models
from subject_zoo.networks.model import StoredModel
from subject_zoo.records.diagnosis import diagnosis_columns

# A reader of one row fetches its whole row group, and the Hub's viewer shows none of more than 286 MiB. A longer row is
# a group by itself: 16 layers of 256 neurons over 520 inputs, at nine decimals with every statistic, are one of 32 MiB.
GROUP_ROWS = 64
GROUP_BYTES = 32 * 2**20  # of text, uncompressed

_SHORT = pa.schema(  # what fits a table on a screen, before the long columns
    [
        ("example_id", pa.int64()),
        ("selected_patterns", pa.list_(pa.string())),
        ("target_pattern", pa.string()),
        ("activation_type", pa.string()),
        ("num_layers", pa.int32()),
        ("neurons_per_layer", pa.int32()),
        ("parameter_count", pa.int32()),
        ("degraded_target_accuracy", pa.float64()),
        ("improved_target_accuracy", pa.float64()),
        ("lowest_improved_accuracy", pa.float64()),
    ]
)

_OF_TARGETS = ("target_pattern", "degraded_target_accuracy", "improved_target_accuracy")

_JUDGED_BY = {  # what is asked for, in the tables of tasks: a judge is handed a row's columns, not its metadata
    "modification": [("target_pattern", pa.string()), ("selected_patterns", pa.list_(pa.string()))],
    "classification": [("listed_patterns", pa.list_(pa.string()))],
    "diagnosis": [
        ("selected_patterns", pa.list_(pa.string())),
        ("poor_pattern", pa.string()),
        ("region_positions", pa.list_(pa.int32())),
        ("region_letters", pa.list_(pa.string())),
    ],
}


def members_of_splits(
    records: Iterable[Mapping[str, Any]], seed: int, splits: Mapping[str, Any]
) -> dict[str, list[int]]:
    """Where among the records those of each split stand, from 0, by the config's section `splits`."""
    members: dict[str, list[int]] = {split: [] for split in SPLITS}
    for position, record in enumerate(records):
        members[split_of_record(record, seed, splits)].append(position)
    return members


def named_models(
    example_ids: Sequence[int], by_stage: Mapping[str, Mapping[int, StoredModel]]
) -> dict[str, StoredModel]:
    """The models of each example, by name: "000123/degraded"."""
    return {f"{format_id(i)}/{stage}": models[i] for i in example_ids for stage, models in by_stage.items()}


def table_schema(table: str, task_generation: Mapping[str, bool], ablation: bool = False) -> pa.Schema:
    """The Parquet schema of a table: of "data" the short columns, then the record's own that belong to no task, all
    without those that `task_generation`, the config's section, leaves out, and the effects of neurons unless there are
    any (`validation.ablation`); of a task example_id, what a judge needs beside the texts, prompt and completion."""
    if table != DATA:
        texts = [("prompt", pa.string()), ("completion", pa.string())]
        return pa.schema([("example_id", pa.int64()), *_JUDGED_BY[table], *texts])
    kept = {f"{stage}_model_weights" for stage in published_stages(task_generation)}
    kept |= {f"{stage}_signature" for stage in signed_stages(task_generation)}
    kept |= {"training_metrics", "metadata"} | ({ABLATION} if ablation else set())
    own = [name for name in COLUMNS if name in kept]
    mends = task_generation["include_modification"]
    short = [field for field in _SHORT if mends or field.name not in _OF_TARGETS]
    return pa.schema([*short, *((name, pa.string()) for name in own)])


def table_row(table: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A table's row of a record; that of "data" with what its schema leaves out."""
    if table == DATA:
        return {**record, **_short_columns(record)}
    known = orjson.loads(record["metadata"])
    if table == "classification":
        known["listed_patterns"] = known["classified_patterns"]
    if table == "diagnosis":
        known |= diagnosis_columns(known["diagnosis"])
    told = {name: known[name] for name, _ in _JUDGED_BY[table]}
    texts = {text: record[f"{table}_{text}"] for text in ("prompt", "completion")}
    return {"example_id": record["example_id"], **told, **texts}


def write_table(
    path: str | os.PathLike[str],
    table: str,
    records: Iterable[Mapping[str, Any]],
    task_generation: Mapping[str, bool],
    ablation: bool = False,
) -> None:
    """Write a table atomically and read it back: ranges may be removed on the strength of it. Raises OSError.

    `records` are gone through twice, and no more of them kept than a row group holds. Equal records, equal bytes.
    """
    schema = table_schema(table, task_generation, ablation)
    with atomic_file(path) as file:
        write_rows(file, schema, (table_row(table, record) for record in records))
    with pq.ParquetFile(path) as written:
        groups = _row_groups(schema, (table_row(table, record) for record in records))
        count = sum(written.read_row_group(index).equals(group) for index, group in enumerate(groups))
        _must_hold(path, count == written.num_row_groups)


def write_weights(path: str | os.PathLike[str], models: Mapping[str, StoredModel]) -> None:
    """Write models by name, as "000123/degraded", atomically, and read them back. Raises OSError."""
    save_models(path, models)
    stored = load_models(path)
    _must_hold(path, list(stored) == list(models))
    for name, model in models.items():
        pairs = zip(stored[name].weights.items(), model.weights.items(), strict=True)
        _must_hold(path, all(one == other and np.array_equal(a, b) for (one, a), (other, b) in pairs))


def write_signatures(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write the arrays of a shard's signatures atomically, and read them back. Raises OSError."""
    save_npz(path, arrays)
    stored = load_npz(path)
    _must_hold(path, list(stored) == list(arrays))
    _must_hold(path, all(np.array_equal(stored[name], array) for name, array in arrays.items()))


def _must_hold(path: str | os.PathLike[str], holds: bool) -> None:
    if not holds:
        raise OSError(f"{path}: read back, it does not hold what was written")


def _arrow_table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_arrays(
        [_column([row[field.name] for row in rows], field.type) for field in schema], schema=schema
    )


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Values, none of them null, as Arrow holds them. Not by pa.array, which loads all of pandas to see whether it is
    handed something of pandas: that takes longer than a shard."""
    if kind == pa.string():
        texts = pa.lib.StringBuilder()
        texts.append_values(values)
        return texts.finish()
    if pa.types.is_list(kind):
        ends = np.cumsum([0, *map(len, values)], dtype=np.int32)
        inner = _column([item for items in values for item in items], kind.value_type)
        return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(ends)], children=[inner])
    numbers = np.array(values, kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(numbers)])


def write_rows(file: IO[bytes], schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as a Parquet file: zstd, page index, row groups as large as GROUP_ROWS and GROUP_BYTES allow."""
    with table_writer(file, schema) as writer:
        for group in _row_groups(schema, rows):
            writer.write_table(group)


def table_writer(file: IO[bytes], schema: pa.Schema) -> pq.ParquetWriter:
    """Writes row groups, each a table of its own, as all Parquet files of a dataset are written."""
    # Statistics hold the least and the greatest value whole: of the long texts that would double a small file.
    short = [name for name in schema.names if name in _SHORT.names]
    return pq.ParquetWriter(file, schema, compression="zstd", write_page_index=True, write_statistics=short)


def _row_groups(schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> Iterator[pa.Table]:
    """The rows by row group; where one ends depends on its own rows alone."""
    texts = [field.name for field in schema if field.type == pa.string()]
    group: list[Mapping[str, Any]] = []
    size = 0
    for row in rows:
        own = sum(len(row[name].encode()) for name in texts if row[name] is not None)
        if group and (len(group) == GROUP_ROWS or size + own > GROUP_BYTES):
            yield _arrow_table(group, schema)
            group, size = [], 0
        group.append(row)
        size += own
    if group:
        yield _arrow_table(group, schema)


def _short_columns(record: Mapping[str, Any]) -> dict[str, Any]:
    metadata = orjson.loads(record["metadata"])
    model, accuracies = metadata["model_config"], metadata["improved"]["accuracy"]
    columns = {
        "selected_patterns": metadata["selected_patterns"],
        "activation_type": model["activation_type"],
        "num_layers": model["num_layers"],
        "neurons_per_layer": model["neurons_per_layer"],
        "parameter_count": model["parameter_count"],
        "lowest_improved_accuracy": min(accuracies.values()),
    }
    if (target := metadata.get("target_pattern")) is not None:
        before = metadata["degraded"]["accuracy"][target]
        columns |= dict(zip(_OF_TARGETS, (target, before, accuracies[target]), strict=True))
    return columns
