"""Edits of a folder's files that would fill the memory of who reads them, and the words by which each is refused."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from subject_zoo.dataset.layout import CARD, SIGNATURE_DATASET
from tests.finished_dataset import first, longest_file, read_facts
from tests.hostile_files import file_of_models, npy_header, npz_bomb, npz_of, png_bomb, repeat_text, safetensors_of

GIB = 1 << 30
BOMB = 3200 << 20  # bytes, of 3 MB packed
ARCHITECTURE = {
    "vocab_size": 7,
    "sequence_length": 7,
    "num_layers": 2,
    "neurons_per_layer": 8,
    "activation_type": "relu",
}


def zip_bomb(folder: Path) -> None:
    first(folder, "signatures").write_bytes(npz_bomb(BOMB))


def lying_zip_bomb(folder: Path) -> None:
    first(folder, "signatures").write_bytes(npz_bomb(BOMB, told=1000))


def large_shape(folder: Path) -> None:
    first(folder, "signatures").write_bytes(npz_of(improved=npy_header("<f4", (10**6, 10**6))))


def many_nothings(folder: Path) -> None:
    first(folder, "signatures").write_bytes(npz_of(feature_names=npy_header("<U0", (10**12,))))


def many_layers(folder: Path) -> None:
    first(folder, "weights").write_bytes(file_of_models(ARCHITECTURE | {"num_layers": 100_000_000}))


def deep_header(folder: Path) -> None:
    first(folder, "weights").write_bytes(safetensors_of(b"[" * 100_000))


def wide_header(folder: Path) -> None:
    first(folder, "weights").write_bytes(safetensors_of(b"[" + b"{}," * 2_000_000 + b"{}]"))


def sparse_weights(folder: Path) -> None:
    os.truncate(first(folder, "weights"), 100 * GIB)


def sparse_card(folder: Path) -> None:
    os.truncate(folder / CARD, 100 * GIB)


def merge_bomb(folder: Path) -> None:
    lines = [f"a{i}: &a{i} {{<<: [{','.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 12)]
    text = (folder / CARD).read_text()
    (folder / CARD).write_text(text.replace("```yaml\n", "```yaml\n" + "\n".join(["a0: &a0 {k: 1}", *lines, ""])))


def deep_card(folder: Path) -> None:
    text = (folder / CARD).read_text()
    (folder / CARD).write_text(text.replace("```yaml\n", "```yaml\na: " + "[" * 100_000 + "\n"))


def deep_probes(folder: Path) -> None:
    (folder / SIGNATURE_DATASET).write_text("[" * 100_000)


def long_probe(folder: Path) -> None:
    (folder / SIGNATURE_DATASET).write_text(json.dumps({"examples": [{"sequence": "A" * 50_000_000}]}))


def many_probes(folder: Path) -> None:
    length = read_facts(folder)["config"]["patterns"]["sequence_length"]
    entry = json.dumps({"sequence": "A" * length})
    (folder / SIGNATURE_DATASET).write_text('{"examples": [' + ",".join([entry] * 900_000) + "]}")


def deep_metadata(folder: Path) -> None:
    repeat_text(folder / longest_file(folder), "metadata", '{"degraded": ' * 980 + "1" + "}" * 980, 2)


def one_text_a_hundred_times(folder: Path) -> None:
    """20 kB, where two gigabytes stand once read."""
    repeat_text(folder / longest_file(folder), "metadata", "x" * 5_000_000, 400)


def long_list(folder: Path) -> None:
    path = folder / longest_file(folder)
    table = pq.read_table(path).slice(0, 1)
    place, count = table.schema.get_field_index("selected_patterns"), 3_000_000
    values = pa.ListArray.from_arrays(pa.array([0, count], pa.int32()), pa.array(["a"] * count))
    pq.write_table(table.set_column(place, "selected_patterns", values.cast(table.schema.field(place).type)), path)


def many_rows(folder: Path) -> None:
    pq.write_table(pa.table({"example_id": np.zeros(1_500_000, np.int64)}), folder / longest_file(folder))


def picture_bomb(folder: Path, width: int = 10, height: int = 10) -> None:
    (folder / "figures").mkdir(exist_ok=True)
    (folder / "figures" / "acceptance.png").write_bytes(png_bomb(BOMB, width, height))


def honest_picture_bomb(folder: Path) -> None:
    picture_bomb(folder, BOMB // 1024 - 1, 1024)


HARMFUL: dict[Callable[[Path], None], tuple[str, str]] = {
    zip_bomb: ("signatures/", "compressed"),
    lying_zip_bomb: ("signatures/", "compressed"),
    large_shape: ("signatures/", "an array in it is"),
    many_nothings: ("signatures/", "an array in it holds"),
    many_layers: ("weights/", "100,000,000 layers"),
    deep_header: ("weights/", "nested too deeply"),
    wide_header: ("weights/", "bytes of memory"),
    sparse_weights: ("weights/", "107,374,182,400 bytes"),
    sparse_card: (CARD, "107374182400 bytes"),
    merge_bomb: (CARD, "does not show the configuration"),
    deep_card: (CARD, "does not show the configuration"),
    deep_probes: (SIGNATURE_DATASET, "cannot be used"),
    long_probe: (SIGNATURE_DATASET, "cannot be used"),
    many_probes: (SIGNATURE_DATASET, "cannot be used"),
    deep_metadata: ("data/", ""),
    one_text_a_hundred_times: ("data/", ""),
    long_list: ("data/", "values in 1 rows"),
    many_rows: ("data/", "rows; at most 1,000,000 are read"),
    picture_bomb: ("figures/", "does not decode as PNG"),
    honest_picture_bomb: ("figures/", "does not decode as PNG"),
}
