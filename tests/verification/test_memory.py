"""What would fill the memory is a named problem, in bounded memory and time."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.finished_dataset import SCRIPTS, hide, longest_file
from tests.verification.harms import (
    GIB,
    HARMFUL,
    deep_card,
    deep_header,
    deep_metadata,
    deep_probes,
    honest_picture_bomb,
    large_shape,
    long_list,
    long_probe,
    lying_zip_bomb,
    many_layers,
    many_nothings,
    many_probes,
    many_rows,
    merge_bomb,
    one_text_a_hundred_times,
    picture_bomb,
    sparse_card,
    sparse_weights,
    wide_header,
    zip_bomb,
)

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
