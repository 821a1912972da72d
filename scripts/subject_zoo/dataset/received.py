"""The files of a dataset's folder that somebody sent: regular ones of its own, read as far as memory bears it.

A folder that is trusted is read whatever its size, and links are followed: the Hub's client makes copies of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from subject_zoo.base.arrays import read_npz
from subject_zoo.base.errors import UserError
from subject_zoo.base.foreign import open_inside, read_inside
from subject_zoo.base.json_text import MEMORY, parse_json
from subject_zoo.dataset.cost import MOST_ACTIVATIONS, too_many_probes
from subject_zoo.dataset.layout import SIGNATURE_DATASET
from subject_zoo.dataset.manifest import TRUST, read_manifest, with_hint
from subject_zoo.dataset.parquet_pages import Column, columns_of, open_parquet, row_groups_of, rows_together
from subject_zoo.networks.files import read_models
from subject_zoo.networks.model import StoredModel
from subject_zoo.project import Project

LARGEST_PAGE = 64_000_000  # bytes of a text or a picture
LARGEST_ARRAYS = 100_000_000  # of a shard's weights, and of its signatures, each of which is read whole
LARGEST_TABLE = 4_000_000_000  # of a shard's table, which is read row by row


@dataclass(frozen=True)
class Received:
    """A dataset's folder. Methods raise OSError, with a `strerror` for a person, for a file that is not read, and
    ValueError for one that is not what it is called."""

    path: Path
    trusted: bool = False

    def manifest(self) -> dict[str, Any]:
        """As `read_manifest`, which raises UserError."""
        return read_manifest(self.path, self.trusted)

    def open(self, name: str) -> BufferedReader:
        """A file to read from."""
        try:
            return open_inside(self.path, name, follow=self.trusted)
        except OSError as error:
            raise with_hint(error) from None

    def read(self, name: str, largest: int = LARGEST_PAGE) -> bytes:
        """A file's bytes."""
        try:
            return read_inside(self.path, name, 2**62 if self.trusted else largest, follow=self.trusted)
        except OSError as error:
            raise with_hint(error) from None

    def json(self, name: str) -> Any:
        """The value of a JSON file."""
        return parse_json(self.read(name))

    def models(self, name: str) -> dict[str, StoredModel]:
        """The models of a safetensors file, as `load_models` gives them."""
        return read_models(self.read(name, LARGEST_ARRAYS), memory=None if self.trusted else MEMORY // 2)

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of an .npz."""
        return read_npz(self.read(name, LARGEST_ARRAYS))

    @contextmanager
    def table(self, name: str) -> Iterator[tuple[pq.ParquetFile, Callable[[int], dict[str, Column]]]]:
        """A Parquet file, and what reading a row group's columns takes. Raises pyarrow's errors too."""
        with self.open(name) as file, pq.ParquetFile(file) if self.trusted else open_parquet(file) as table:
            names = table.schema_arrow.names
            if self.trusted:
                yield table, lambda group: dict.fromkeys(names, Column())
            else:
                leaves = [table.schema.column(place).path.split(".")[0] for place in range(len(table.schema))]
                row_groups = row_groups_of(file)
                yield table, lambda group: columns_of(file, row_groups[group], leaves)

    def rows(self, name: str, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """The rows of a Parquet file, with these columns of it or all. Raises pyarrow's errors too."""
        with self.table(name) as (table, columns_of_group):
            for group in range(table.num_row_groups):
                found = columns_of_group(group)
                chosen = found if columns is None else {column: found[column] for column in columns}
                if wrong := next((f"{column}: {one.fault}" for column, one in chosen.items() if one.fault), None):
                    raise ValueError(wrong)
                for batch in table.iter_batches(rows_together(chosen), row_groups=[group], columns=list(chosen)):
                    yield from batch.to_pylist()

    def project(self, config: Mapping[str, Any], provenance: Mapping[str, Any] | None = None) -> Project:
        """The project that the folder's dataset was made by, with its probes.

        Without its tokenizer, which is none of the folder's, unless that is trusted. Raises UserError for probes that
        cannot be used.
        """
        try:
            self.read(SIGNATURE_DATASET)
        except OSError as error:
            raise UserError(f"{self.path / SIGNATURE_DATASET}: cannot be read ({error.strerror})") from None
        project = Project(dict(config), probes_file=self.path / SIGNATURE_DATASET, provenance=provenance)
        if self.trusted:
            return project
        project.count_tokens = None
        if too_many_probes(config, probes := len(project.probes.tokens)):
            raise UserError(
                f"{self.path / SIGNATURE_DATASET}: {probes:,} probes have more than {MOST_ACTIVATIONS:,} "
                f"activations in a network; {TRUST}"
            )
        return project
