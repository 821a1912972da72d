"""A folder that somebody sent to do harm by what its files say: each thing is a named problem."""

import os
import time
from dataclasses import replace
from typing import Any

import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.dataset.layout import MANIFEST
from subject_zoo.dataset.manifest import LARGEST, TRUST
from tests.finished_dataset import edit_models, first, found, hide, longest_file, read_facts, write_manifest
from tests.record_tables import edit_rows


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
