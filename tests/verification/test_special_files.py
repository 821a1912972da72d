"""What is no file of the folder, or lies outside of it: named, and not opened, followed or fetched."""

import os
import socket
from pathlib import Path

import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.dataset.layout import CARD, MANIFEST, SIGNATURE_DATASET
from subject_zoo.dataset.manifest import TRUST
from tests.finished_dataset import first, found, read_facts, write_manifest

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
