"""Shards: the accepted examples of a window as Parquet tables by split, with their exact weights and signatures."""

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from subject_zoo.base.arrays import load_npz, save_npz
from subject_zoo.base.files import atomic_write
from subject_zoo.base.ids import format_id
from subject_zoo.base.terms import COLUMNS, DATA, SPLITS
from subject_zoo.config.tasks import published_stages, signed_stages
from subject_zoo.dataset.splits import split_of, traits_of
from subject_zoo.networks.files import load_models, save_models
from subject_zoo.networks.model import StoredModel
from subject_zoo.signatures.files import read_signatures, signature_arrays, stages_in

ROW_GROUP = 64  # rows of 100-400 kB: 6-25 MB a group, which a reader of one row has to fetch

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
}
_FROM_METADATA = {"listed_patterns": "classified_patterns"}  # columns that are called otherwise there


def members_of_splits(
    records: Sequence[Mapping[str, Any]], seed: int, splits: Mapping[str, Any]
) -> dict[str, list[Mapping[str, Any]]]:
    """The records of each split, by the config's section `splits`."""
    members: dict[str, list[Mapping[str, Any]]] = {split: [] for split in SPLITS}
    for record in records:
        metadata = orjson.loads(record["metadata"])
        traits = traits_of(metadata["selected_patterns"], metadata["model_config"])
        members[split_of(seed, record["example_id"], traits, **splits)].append(record)
    return members


def named_models(
    example_ids: Sequence[int], by_stage: Mapping[str, Mapping[int, StoredModel]]
) -> dict[str, StoredModel]:
    """The models of each example, by name: "000123/degraded"."""
    return {f"{format_id(i)}/{stage}": models[i] for i in example_ids for stage, models in by_stage.items()}


def table_schema(table: str, task_generation: Mapping[str, bool]) -> pa.Schema:
    """The Parquet schema of a table: of "data" the short columns, then the record's own that belong to no task, all
    without those that `task_generation`, the config's section, leaves out; of a task example_id, what a judge needs
    beside the texts, prompt and completion."""
    if table != DATA:
        texts = [("prompt", pa.string()), ("completion", pa.string())]
        return pa.schema([("example_id", pa.int64()), *_JUDGED_BY[table], *texts])
    kept = {f"{stage}_model_weights" for stage in published_stages(task_generation)}
    kept |= {f"{stage}_signature" for stage in signed_stages(task_generation)}
    own = [name for name in COLUMNS if name in kept or name in ("training_metrics", "metadata")]
    mends = task_generation["include_modification"]
    short = [field for field in _SHORT if mends or field.name not in _OF_TARGETS]
    return pa.schema([*short, *((name, pa.string()) for name in own)])


def table_rows(table: str, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a table holds of the records, a row each."""
    if table == DATA:
        return [{**record, **_short_columns(record)} for record in records]
    rows = []
    for record in records:
        metadata = orjson.loads(record["metadata"])
        told = {name: metadata[_FROM_METADATA.get(name, name)] for name, _ in _JUDGED_BY[table]}
        texts = {text: record[f"{table}_{text}"] for text in ("prompt", "completion")}
        rows.append({"example_id": record["example_id"], **told, **texts})
    return rows


def write_table(
    path: str | os.PathLike[str], table: str, records: Sequence[Mapping[str, Any]], task_generation: Mapping[str, bool]
) -> None:
    """Write a table atomically and read it back: ranges may be removed on the strength of it. Raises OSError."""
    rows = _arrow_table(table, records, task_generation)
    atomic_write(path, _encode(rows))
    _must_hold(path, _read(path).equals(rows))


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


def parquet_bytes(table: str, records: Sequence[Mapping[str, Any]], task_generation: Mapping[str, bool]) -> bytes:
    """A table as a Parquet file: zstd, page index, row groups of ROW_GROUP rows. Equal records, equal bytes."""
    return _encode(_arrow_table(table, records, task_generation))


def _arrow_table(table: str, records: Sequence[Mapping[str, Any]], task_generation: Mapping[str, bool]) -> pa.Table:
    rows, schema = table_rows(table, records), table_schema(table, task_generation)
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


def _encode(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    # Statistics hold the least and the greatest value whole: of the long texts that would double a small file.
    short = [name for name in table.column_names if name in _SHORT.names]
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        row_group_size=ROW_GROUP,
        write_page_index=True,
        write_statistics=short,
    )
    return buffer.getvalue()


def _read(path: str | os.PathLike[str]) -> pa.Table:
    """A whole table; not by pq.read_table, which loads all of pandas."""
    with pq.ParquetFile(path) as file:
        return file.read()


def cut(source: Path, target: Path, kept: Sequence[int]) -> bool:
    """Write a shard's file with the kept examples alone, its first ones, atomically; whether it holds any, and was
    written."""
    write = {".parquet": _cut_parquet, ".safetensors": _cut_weights, ".npz": _cut_signatures}[source.suffix]
    return write(source, target, kept)


def _cut_parquet(source: Path, target: Path, kept: Sequence[int]) -> bool:
    table = _read(source)
    table = table.slice(0, len(set(table["example_id"].to_pylist()) & set(kept)))
    if table.num_rows:
        atomic_write(target, _encode(table))
    return bool(table.num_rows)


def _cut_weights(source: Path, target: Path, kept: Sequence[int]) -> bool:
    models = load_models(source)
    save_models(target, {name: model for name, model in models.items() if int(name.split("/")[0]) in set(kept)})
    return True


def _cut_signatures(source: Path, target: Path, kept: Sequence[int]) -> bool:
    arrays = load_npz(source)
    signed = read_signatures(arrays)
    names = arrays["feature_names"].tolist()
    save_npz(target, signature_arrays(names, stages_in(arrays), {i: signed[i] for i in kept}))
    return True


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
