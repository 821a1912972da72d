"""Small files that unpack to gigabytes, and other things that a stranger's folder may hold."""

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def zeros_deflated(size: int, raw: bool) -> bytes:
    """A deflate stream, with a head a zlib stream, of so many zeros, a multiple of 32 MiB: one part of it repeated."""
    part = 32 << 20
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(part)) + packer.flush(zlib.Z_FULL_FLUSH)
    blocks = block * (size // part) + b"\x03\x00"  # an empty last block
    return blocks if raw else b"\x78\xda" + blocks + bytes(4)


def npz_bomb(size: int, told: int | None = None) -> bytes:
    """An .npz whose one array unpacks to `size` bytes; its directory says `told`, or the truth."""
    packed, name = zeros_deflated(size, raw=True), b"improved.npy"
    said = size if told is None else told
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 33, 0, len(packed), said, len(name), 0) + name
    central = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 8, 0, 33, 0, len(packed), said, len(name), 0, 0, 0, 0, 0, 0
    )
    start = len(local) + len(packed)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(central) + len(name), start, 0)
    return local + packed + central + name + end


def npz_of(**contents: bytes) -> bytes:
    """An uncompressed .npz with these bytes as its arrays."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy_header(dtype: str, shape: tuple[int, ...]) -> bytes:
    """The head of an .npy that says so, with nothing behind it."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def png_bomb(size: int, width: int, height: int) -> bytes:
    """A PNG of that width and height in grey whose pixels unpack to `size` bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zeros_deflated(size, raw=False)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def safetensors_of(header: bytes, data: bytes = b"") -> bytes:
    """A file of this header and these tensors."""
    return len(header).to_bytes(8, "little") + header + data


def file_of_models(architecture: dict[str, Any]) -> bytes:
    """A file of one model of that architecture, with one tensor of no numbers, and of nothing about its training."""
    models = {"000000/improved": {"architecture": architecture}}
    tensors = {
        "000000/improved/a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]},
        "training": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]},
    }
    header = {"__metadata__": {"models": json.dumps(models)}, **tensors}
    return safetensors_of(json.dumps(header).encode(), b"{}")


def repeat_text(path: Path, column: str, text: str, rows: int) -> None:
    """Make a Parquet file its first row, so many times, with the text in a column; in the file it stands once."""
    first = pq.read_table(path).slice(0, 1)
    table = pa.concat_tables([first] * rows)
    place = table.schema.get_field_index(column)
    indices = pa.array([0] * rows, pa.int32())
    repeated = pa.DictionaryArray.from_arrays(indices, pa.array([text]))
    table = table.set_column(place, column, repeated)
    schema = table.schema
    with pq.ParquetWriter(
        path, schema, compression="zstd", dictionary_pagesize_limit=1 << 30, store_schema=False
    ) as writer:
        writer.write_table(table, row_group_size=rows)
