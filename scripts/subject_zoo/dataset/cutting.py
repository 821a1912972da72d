"""A shard's files with its first examples alone, where a dataset ends within a window."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from subject_zoo.base.arrays import load_npz, save_npz
from subject_zoo.base.files import atomic_file
from subject_zoo.dataset.shards import write_rows
from subject_zoo.networks.files import load_models, save_models
from subject_zoo.signatures.files import read_signatures, signature_arrays, stages_in


def cut(source: Path, target: Path, kept: Sequence[int]) -> bool:
    """Write a shard's file with the kept examples alone, its first ones, atomically; whether it holds any, and was
    written."""
    write = {".parquet": _cut_parquet, ".safetensors": _cut_weights, ".npz": _cut_signatures}[source.suffix]
    return write(source, target, kept)


def _cut_parquet(source: Path, target: Path, kept: Sequence[int]) -> bool:
    chosen = set(kept)
    with pq.ParquetFile(source) as whole:
        if chosen.isdisjoint(whole.read(["example_id"])["example_id"].to_pylist()):
            return False
    with pq.ParquetFile(source) as whole, atomic_file(target) as file:
        groups = (whole.read_row_group(index) for index in range(whole.num_row_groups))
        rows = (row for group in groups for row in group.to_pylist() if row["example_id"] in chosen)
        write_rows(file, whole.schema_arrow, rows)
    return True


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
