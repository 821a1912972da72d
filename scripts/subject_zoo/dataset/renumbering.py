"""A shard's files with higher numbers of their examples, as a merged dataset has them, and all else as it is."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from subject_zoo.base.arrays import save_npz
from subject_zoo.base.files import atomic_file
from subject_zoo.base.ids import format_id
from subject_zoo.dataset.received import Received
from subject_zoo.dataset.shards import table_writer
from subject_zoo.networks.files import save_models


def renumber(folder: Received, name: str, target: Path, raised_by: int) -> None:
    """Write a file of a shard of the folder to `target`, atomically; with nothing to raise, byte for byte.

    Raises OSError, and ValueError for a file that is not what it is called.
    """
    if not raised_by:
        with folder.open(name) as source, atomic_file(target) as copy:
            shutil.copyfileobj(source, copy)
    elif target.suffix == ".parquet":
        _renumber_table(folder, name, target, raised_by)
    elif target.suffix == ".safetensors":
        models = folder.models(name)
        save_models(target, {_raised(model_name, raised_by): model for model_name, model in models.items()})
    else:
        arrays = folder.arrays(name)
        save_npz(target, {**arrays, "example_ids": arrays["example_ids"] + raised_by})


def _raised(model_name: str, raised_by: int) -> str:
    """The name of a model, "000123/degraded", with its example's number raised."""
    own, _, stage = model_name.partition("/")
    return f"{format_id(int(own) + raised_by)}/{stage}"


def _renumber_table(folder: Received, name: str, target: Path, raised_by: int) -> None:
    try:
        with folder.table(name) as (table, columns_of), atomic_file(target) as file:
            schema = table.schema_arrow
            with table_writer(file, schema) as writer:
                for group in range(table.num_row_groups):
                    if fault := next((column.fault for column in columns_of(group).values() if column.fault), None):
                        raise ValueError(f"{name}: {fault}")
                    rows = table.read_row_group(group)
                    raised = pc.add(rows["example_id"], pa.scalar(raised_by, pa.int64()))
                    writer.write_table(rows.set_column(0, schema.field(0), raised))
    except pa.ArrowException as error:
        raise ValueError(f"{name}: {error}") from None
