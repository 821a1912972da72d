"""A folder that somebody sent to do harm: each thing in it is a named problem, in bounded memory and time, and nothing
outside the folder is read or fetched."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from subject_zoo.base.arrays import load_npz, npz_bytes
from subject_zoo.base.errors import UserError
from subject_zoo.dataset.layout import CARD, MANIFEST, SIGNATURE_DATASET, VALIDITY
from subject_zoo.dataset.manifest import LARGEST, TRUST
from tests.finished_dataset import (
    SCRIPTS,
    edit_models,
    finished,
    folder,
    found,
    hide,
    longest_file,
    read_facts,
    write_manifest,
)
from tests.hostile_files import (
    file_of_models,
    npy_header,
    npz_bomb,
    npz_of,
    png_bomb,
    repeat_text,
    safetensors_of,
)
from tests.record_tables import edit_rows

__all__ = ["finished", "folder"]  # fixtures

GIB = 1 << 30
BOMB = 3200 << 20  # bytes, of 3 MB packed
ARCHITECTURE = {
    "vocab_size": 7,
    "sequence_length": 7,
    "num_layers": 2,
    "neurons_per_layer": 8,
    "activation_type": "relu",
}
# Prints the peak of this process alone: what its parent took would count for `ru_maxrss`.
MEASURED = """
import json, sys
from subject_zoo.cli import main
for arguments in json.load(sys.stdin):
    main(arguments)
    print(end="\\0")
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


def measured(commands: Iterable[list[Any]]) -> tuple[list[list[str]], int]:
    """(the lines that each command prints, the peak of the one process that ran them all, in bytes); they end within a
    minute, without a traceback."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED],
        input=json.dumps([list(map(str, arguments)) for arguments in commands]),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
    )
    assert done.stderr == ""
    *told, peak = done.stdout.split("\0")
    return [text.splitlines() for text in told], 1024 * int(peak)


def first(folder: Path, kind: str) -> Path:
    return folder / next(name for name in read_facts(folder)["files"] if name.startswith(kind))


KINDS = ("weights", "signatures", "data", "modification", SIGNATURE_DATASET, "benchmark_dataset.json", CARD)


def pipe(path: Path, _outside: Path) -> None:
    os.mkfifo(path)


def device(path: Path, _outside: Path) -> None:
    path.symlink_to("/dev/zero")


def link_outside(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def socket_file(path: Path, _outside: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's name is short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def sub_folder(path: Path, _outside: Path) -> None:
    path.mkdir()


SPECIAL = {pipe: "a pipe", device: "a link", link_outside: "a link", socket_file: "a socket", sub_folder: "a folder"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", SPECIAL)
def test_what_is_no_file_of_the_folder_is_named_and_not_opened(folder, tmp_path, kind, make):
    path = first(folder, kind)
    path.rename(tmp_path / "outside")  # the very file, so that only where it lies tells
    make(path, tmp_path / "outside")
    name = path.relative_to(folder).as_posix()
    assert any(p.file == name and SPECIAL[make] in p.what for p in found(folder))


@pytest.mark.parametrize("make", SPECIAL)
def test_a_manifest_that_is_no_file_is_one_line(folder, tmp_path, make):
    (folder / MANIFEST).rename(tmp_path / "outside")
    make(folder / MANIFEST, tmp_path / "outside")
    with pytest.raises(UserError, match=SPECIAL[make]):
        found(folder)


def test_a_folder_inside_that_is_a_link_is_not_followed(folder, tmp_path):
    (folder / "weights").rename(tmp_path / "outside")
    (folder / "weights").symlink_to(tmp_path / "outside")
    problems = [p for p in found(folder) if p.file.startswith("weights/")]
    assert problems
    assert all("it is a link" in p.what for p in problems)


def test_a_copy_of_links_as_in_the_hubs_cache_is_followed_where_it_is_trusted(folder, tmp_path):
    snapshot = tmp_path / "snapshots" / "a1b2c3"
    for path in (path for path in folder.rglob("*") if path.is_file()):
        (link := snapshot / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    with pytest.raises(UserError, match=f"it is a link, .*; {TRUST}"):
        found(snapshot)
    assert found(snapshot, trusted=True) == []


def test_a_probe_file_of_the_configuration_is_not_looked_at(folder, tmp_path):
    os.mkfifo(tmp_path / "probes")
    facts = read_facts(folder)
    facts["config"]["signature"]["dataset_path"] = str(tmp_path / "probes")
    write_manifest(folder, facts)
    assert found(folder)  # and does not wait


def test_a_tokenizer_is_not_fetched(folder, monkeypatch):
    facts = read_facts(folder)
    facts["config"]["format"]["tokenizer"] = "somebody/something"
    write_manifest(folder, facts)
    monkeypatch.setattr("subject_zoo.project.token_counter", lambda name: pytest.fail(f"{name} was loaded"))
    told: list[str] = []
    found(folder, told=told)
    assert any("the tokenizer somebody/something is none of the folder's files" in line for line in told)


def zip_bomb(folder: Path) -> None:
    first(folder, "signatures").write_bytes(npz_bomb(BOMB))


def lying_zip_bomb(folder: Path) -> None:
    first(folder, "signatures").write_bytes(npz_bomb(BOMB, told=1000))


def large_shape(folder: Path) -> None:
    arrays = {name: npz_bytes({name: array}) for name, array in load_npz(first(folder, "signatures")).items()}
    del arrays["improved"]
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


def deep_validity(folder: Path) -> None:
    (folder / VALIDITY).write_text('{"funnel": ' * 990 + "1" + "}" * 990)


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
TOGETHER: list[list[Callable[[Path], None]]] = [
    [zip_bomb, many_layers, one_text_a_hundred_times, picture_bomb, merge_bomb],
    [lying_zip_bomb, deep_header, long_list, honest_picture_bomb, deep_card],
    [large_shape, wide_header, many_rows, sparse_card],
    [many_nothings, sparse_weights, deep_metadata],
    [deep_probes],
    [long_probe],
    [many_probes],
]


def test_what_would_fill_the_memory_is_a_named_problem(finished, tmp_path):
    folders = []
    for number, harms in enumerate(TOGETHER):
        folders.append(Path(shutil.copytree(finished, tmp_path / str(number))))
        for harm in sorted(harms, key=lambda harm: "sparse" in harm.__name__):
            if "sparse" in harm.__name__:  # its sha256 would take minutes, and it is refused by its size
                hide(folders[-1])
            harm(folders[-1])
        if not any("sparse" in harm.__name__ for harm in harms):
            hide(folders[-1])
    told, peak = measured(["verify", path, "--retrain", 0] for path in folders)
    assert peak < GIB
    for harms, path, lines in zip(TOGETHER, folders, told, strict=True):
        assert all(len(line) < 1000 and line.isprintable() for line in lines)
        assert lines[-1].startswith(f"{path}: ")
        for harm in harms:
            kind, words = HARMFUL[harm]
            assert any(line.startswith(kind) and words in line for line in lines), (harm, lines)
    assert sorted(HARMFUL, key=str) == sorted((harm for harms in TOGETHER for harm in harms), key=str)


def deep_list() -> Any:
    value: Any = 1
    for _ in range(600):
        value = [value]
    return value


@pytest.mark.parametrize(
    "training", [[], None, "x", {"training_loss": "x"}, deep_list(), {"a": 10**30}, {"a": "\ud800"}], ids=range(7)
)
def test_learning_curves_of_a_stranger_are_a_named_problem(folder, training):
    def change(models: dict[str, Any]) -> None:
        name = next(iter(models))
        models[name] = replace(models[name], training=training)

    edit_models(first(folder, "weights"), change)
    hide(folder)
    assert found(folder, retrained=7)


METADATA = [
    "[]",
    "3",
    '{"degraded":[],"improved":3}',
    '{"improved":{"accuracy":{}}}',
    '{"lengths":{"a":[]}}',
    None,
    "",
    "{",
]


@pytest.mark.parametrize("metadata", METADATA)
def test_metadata_of_a_stranger_is_a_named_problem(folder, metadata):
    edit_rows(folder / longest_file(folder), lambda rows: rows[0].update(metadata=metadata))
    hide(folder)
    assert any(p.row == 0 and "metadata" in p.what for p in found(folder))


def test_names_of_files_are_not_obeyed_by_a_terminal(folder, capsys):
    from subject_zoo.cli import main

    (folder / "data" / "a\n\x1b[31mno problem\udcff").write_text("")
    assert main(["verify", str(folder), "--retrain", "0"]) == 1
    printed = capsys.readouterr().out
    assert printed.isprintable() or set(printed) - set(map(chr, range(32))) <= set(printed)
    assert "\x1b" not in printed
    assert r"data/a \x1b[31mno problem\udcff: not in manifest.json" in printed


WORK = {
    "dataset.num_sequences": 10**12,
    "dataset.pool_size": 10**12,
    "signature.probes_per_pattern": 10**12,
    "signature.background_probes": 10**12,
    "signature.entropy_bins": 10**12,
    "signature.components": 10**12,
    "benchmark.samples_per_pattern": 10**12,
}


@pytest.mark.parametrize("key", WORK)
def test_a_configuration_that_asks_for_all_the_work_of_the_world_is_one_line(folder, key):
    facts = read_facts(folder)
    section, name = key.split(".")
    facts["config"][section][name] = WORK[key]
    write_manifest(folder, facts)
    start = time.monotonic()
    with pytest.raises(UserError, match=MANIFEST):
        found(folder)
    assert time.monotonic() - start < 20


def test_training_that_would_take_a_year_is_left_out_and_said(folder):
    facts = read_facts(folder)
    facts["config"]["training"]["degraded_epochs"] = 90_000
    facts["config"]["dataset"]["num_sequences"] = 1_000_000
    write_manifest(folder, facts)
    told: list[str] = []
    found(folder, retrained=1, told=told)
    assert "no record is trained again: by the manifest's configuration that would take long; --trust does it" in told


NO_MANIFEST = {
    "deep": b"[" * 100_000,
    "deep inside": b'{"config": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
    "wide": b"[" + b"{}," * 2_000_000 + b"{}]",
    "huge number": b'{"seed": ' + b"1" * 100_000 + b"}",
    "NaN": b'{"seed": NaN}',
    "surrogate": b'{"config": {"\\ud800\\u001b[31m": 1}}',
    "NUL": b'{"se\0ed": 1}',
    "sparse": None,
}


@pytest.mark.parametrize("what", NO_MANIFEST)
@pytest.mark.parametrize("command", ["verify", "show", "score", "info"])
def test_a_manifest_of_a_stranger_is_one_line_for_each_command(tmp_path, what, command, capsys):
    from subject_zoo.cli import main

    data = NO_MANIFEST[what]
    (tmp_path / MANIFEST).write_bytes(data or b"")
    if data is None:
        os.truncate(tmp_path / MANIFEST, LARGEST + 1)
    (tmp_path / "answers").write_text("")
    more = {"show": ["0"], "score": [str(tmp_path / "answers")]}.get(command, [])
    assert main([command, str(tmp_path), *more]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{tmp_path / MANIFEST}: ")
    assert line.isprintable()
    assert len(line) < 1000


def test_a_trusted_folder_is_read_whatever_its_size(folder, monkeypatch):
    monkeypatch.setattr("subject_zoo.dataset.received.LARGEST_ARRAYS", 100)
    monkeypatch.setattr("subject_zoo.dataset.parquet_pages.LARGEST_PAGES", 100)
    problems = [str(problem) for problem in found(folder)]
    assert any("weights/" in line and f"at most 100 are read; {TRUST}" in line for line in problems)
    assert any("data/" in line and "at most 100 may" in line for line in problems)
    assert found(folder, trusted=True) == []


def test_the_other_commands_take_no_more_than_verify(finished, tmp_path):
    commands = []
    for harm in (many_layers, one_text_a_hundred_times, long_list, sparse_weights):
        folder = Path(shutil.copytree(finished, tmp_path / harm.__name__))
        row = pq.read_table(folder / longest_file(folder)).to_pylist()[0]["example_id"]
        harm(folder)  # both read what the manifest names, whatever its digest
        answers = folder / "answers.jsonl"
        answers.write_text(json.dumps({"example_id": row, "task": "classification", "completion": "all_same"}))
        commands += [["show", folder, row], ["score", folder, answers, "--split", "all"], ["info", folder]]
    told, peak = measured(commands)
    assert peak < GIB
    for (command, folder, *_), lines in zip(commands, told, strict=True):
        assert lines
        if command == "score":
            (line,) = lines
            assert line.startswith(f"{folder}: shard "), lines
