"""Damages of a dataset's folder, each to any of its files or to one kind of them."""

import io
import json
import os
import random
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from subject_zoo.dataset.standing import manifest_bytes, manifest_digest
from tests.hostile_files import npy_header

SECRET = "canary-out-of-the-folder"


def _any_file(choose: random.Random, folder: Path, pattern: str = "*") -> Path:
    return choose.choice([path for path in sorted(folder.rglob(pattern)) if path.is_file() and not path.is_symlink()])


def _becomes(make: Callable[[Path, random.Random], None]) -> Callable[[random.Random, Path], None]:
    def damage(choose: random.Random, folder: Path) -> None:
        path = _any_file(choose, folder)
        path.unlink()
        make(path, choose)

    return damage


def _links_to(target: str) -> Callable[[random.Random, Path], None]:
    return _becomes(lambda path, _: path.symlink_to(target))


def _socket(path: Path, _: random.Random) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(path.parent, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


def _fifo(path: Path, _: random.Random) -> None:
    os.mkfifo(path)


def _link_outside(choose: random.Random, folder: Path) -> None:
    secret = folder.parent / "secret.txt"
    secret.write_text(SECRET)
    path = _any_file(choose, folder)
    path.unlink()
    path.symlink_to(secret)


def _huge_and_empty(path: Path, _: random.Random) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole


def _npz_bomb(choose: random.Random, folder: Path) -> None:
    """Three MB that unpack to three GB of zeros, said to be an array, or said to be a small one."""
    header = npy_header("|u1", choose.choice([(3_000_000_000,), (10,), (1_000_000_000_000,)]))
    path, name = _any_file(choose, folder, "*.npz"), choose.choice(["example_ids.npy", "000000.npy"])
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open(name, "w", force_zip64=True) as member,
    ):
        member.write(header)
        for _ in range(3000):
            member.write(bytes(1 << 20))


def _npz_object(choose: random.Random, folder: Path) -> None:
    """A pickle in place of an array, which would touch PWNED."""
    text = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + "\n"
    pickled = b"cos\nsystem\n(S'touch PWNED'\ntR."
    with zipfile.ZipFile(_any_file(choose, folder, "*.npz"), "w") as archive:
        data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + pickled
        archive.writestr("example_ids.npy", data)


def _tensors(header: dict[str, Any] | bytes, length: int | None = None) -> Callable[[random.Random, Path], None]:
    def damage(choose: random.Random, folder: Path) -> None:
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        size = len(text) if length is None else length
        _any_file(choose, folder, "*.safetensors").write_bytes(size.to_bytes(8, "little") + text)

    return damage


def _header_edit(choose: random.Random, folder: Path) -> None:
    """An architecture in a true file's header that asks for gigabytes."""
    path = _any_file(choose, folder, "*.safetensors")
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    key = choose.choice(["num_layers", "neurons_per_layer", "vocab_size", "sequence_length", "hidden", "depth"])
    for name, value in header.get("__metadata__", {}).items():
        header["__metadata__"][name] = value.replace(f'"{key}": ', f'"{key}": 10000000')
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])


def _parquet(choose: random.Random, folder: Path) -> None:
    """A table of another shape: columns of other kinds, huge texts, or none."""
    path = _any_file(choose, folder, "*.parquet")
    rows: list[dict[str, Any]] = [{"example_id": choose.choice([0, -1, None, "a", 2**62]), "prompt": "x" * 10**7}]
    rows += [{"a": [[[1]]]}] if choose.random() < 0.5 else []
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows if choose.random() < 0.8 else []), sink)
    path.write_bytes(sink.getvalue())


def _parquet_bomb(choose: random.Random, folder: Path) -> None:
    """One text of a gigabyte, by a dictionary of one entry."""
    path = _any_file(choose, folder, "*.parquet")
    table = pq.read_table(path)
    text = pa.array(["x" * (1 << 20)]).dictionary_encode()
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 3000, pa.int32()), text.dictionary)
    names = [name for name in table.column_names if name != "example_id"]
    wide = pa.table({"example_id": list(range(3000)), names[0]: column})
    pq.write_table(wide, path, compression="zstd")


def _json_file(text: str | bytes) -> Callable[[random.Random, Path], None]:
    def damage(choose: random.Random, folder: Path) -> None:
        _any_file(choose, folder, "*.json").write_bytes(text if isinstance(text, bytes) else text.encode())

    return damage


def _card(text: str) -> Callable[[random.Random, Path], None]:
    def damage(_: random.Random, folder: Path) -> None:
        card = folder / "README.md"
        _rewrite(folder, card, f"---\n{text}\n---\n```yaml\n{text}\n```\n".encode())

    return damage


def _rewrite(folder: Path, path: Path, data: bytes) -> None:
    """Write a file of the folder, and name it in the manifest as it is now."""
    from subject_zoo.dataset.folder import describe_file

    path.write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["files"][path.relative_to(folder).as_posix()] = describe_file(path)
    _sign(folder, manifest)


def _sign(folder: Path, manifest: dict[str, Any]) -> None:
    """A manifest that is sound in itself."""
    manifest["facts_sha256"] = manifest_digest(manifest)
    (folder / "manifest.json").write_bytes(manifest_bytes(manifest))


def _config(section: str, key: str, value: Any) -> Callable[[random.Random, Path], None]:
    """A manifest, sound in itself, whose configuration asks for what no machine has."""

    def damage(_: random.Random, folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        (manifest["config"][section] if section else manifest["config"])[key] = value
        _sign(folder, manifest)

    return damage


def _manifest_names(name: str) -> Callable[[random.Random, Path], None]:
    def damage(_: random.Random, folder: Path) -> None:
        (folder.parent / "secret.txt").write_text(SECRET)
        manifest = json.loads((folder / "manifest.json").read_bytes())
        manifest["files"][name] = {"sha256": "0" * 64, "size": len(SECRET)}
        _sign(folder, manifest)

    return damage


_MERGES = "\n".join(
    ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 30))]
)

DAMAGES: dict[str, Callable[[random.Random, Path], None]] = {
    "a FIFO": _becomes(_fifo),
    "a socket": _becomes(_socket),
    "a folder": _becomes(lambda path, _: path.mkdir()),
    "a link to /dev/zero": _links_to("/dev/zero"),
    "a link to a terminal": _links_to("/dev/tty"),
    "a link to standard input": _links_to("/dev/stdin"),
    "a link to itself": _becomes(lambda path, _: path.symlink_to(path.name)),
    "a link to nowhere": _links_to("nowhere"),
    "a link outside": _link_outside,
    "a terabyte of nothing": _becomes(_huge_and_empty),
    "a zip bomb": _npz_bomb,
    "a pickle": _npz_object,
    "a header of 2 ** 60 bytes": _tensors(b"{}", 2**60),
    "a header of brackets": _tensors(b"[" * 100_000),
    "a header that is no object": _tensors(b"7"),
    "a tensor of 2 ** 60 bytes": _tensors({"a": {"dtype": "F32", "shape": [2**58], "data_offsets": [0, 2**60]}}),
    "no tensors": _tensors({}),
    "a huge architecture": _header_edit,
    "another table": _parquet,
    "a table that unpacks": _parquet_bomb,
    "JSON of brackets": _json_file("[" * 100_000),
    "JSON of objects": _json_file('{"a":' * 100_000),
    "JSON that is null": _json_file("null"),
    "JSON of a huge number": _json_file("9" * 1_000_000),
    "JSON of NaN": _json_file('{"rows": NaN, "files": Infinity}'),
    "JSON that is no text": _json_file(b"\xff\xfe\x00"),
    "a long JSON text": _json_file(json.dumps("x" * 50_000_000)),
    "a merge bomb on the card": _card(_MERGES),
    "brackets on the card": _card("[" * 100_000),
    "a tag on the card": _card("a: !!python/object/apply:os.system ['touch PWNED']"),
    "10 ** 12 sequences": _config("dataset", "num_sequences", 10**12),
    "10 ** 12 in the pool": _config("dataset", "pool_size", 10**12),
    "10 ** 12 test sequences": _config("dataset", "test_per_pattern", 10**12),
    "10 ** 12 probes": _config("signature", "background_probes", 10**12),
    "10 ** 9 epochs": _config("training", "degraded_epochs", 10**9),
    "10 ** 9 layers": _config("model", "num_layers", [1, 10**9]),
    "a sequence of 10 ** 9": _config("patterns", "sequence_length", 10**9),
    "a tokenizer of the Hub": _config("format", "tokenizer", "gpt2"),
    "a tokenizer that is a device": _config("format", "tokenizer", "/dev/zero"),
    "probes that are a device": _config("signature", "dataset_path", "/dev/zero"),
    "10 ** 12 examples": _config("", "num_examples", 10**12),
    "a configuration that is a list": _config("", "model", []),
    "a file above": _manifest_names("../secret.txt"),
    "an absolute file": _manifest_names("/etc/hostname"),
    "a file of odd name": _manifest_names("data/train/\x1b[31m\n000000.parquet"),
}
