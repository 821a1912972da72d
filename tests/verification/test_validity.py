"""What a folder says of how true its records are is found where it is false, also in a folder that hides it."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.files import write_json
from subject_zoo.dataset.layout import (
    BENCHMARK_DATASET,
    CARD,
    CROISSANT,
    DATASHEET,
    PICTURES,
    SIGNATURE_DATASET,
    VALIDITY,
)
from subject_zoo.dataset.pictures import DRAWINGS
from subject_zoo.verification.pictures import is_png
from tests.finished_dataset import found, hide, make_dataset, tell_of_records, tiny_config

PICTURE = f"{PICTURES}/accuracy.png"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A dataset folder with figures, pictures and a card that tells of them."""
    folder = tmp_path_factory.mktemp("figures") / "dataset"
    make_dataset(folder, tiny_config({"num_examples": 4, "examples_per_job": 6}))
    tell_of_records(folder, DRAWINGS)
    assert json.loads((folder / VALIDITY).read_text())["funnel"]["candidates"] > 4  # some were rejected
    return folder


def test_true_figures_are_no_problem(finished):
    assert found(finished) == []


def edit(key: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Changes a value of validity.json, by dotted key."""

    def edited(folder: Path) -> None:
        validity = json.loads((folder / VALIDITY).read_text())
        *path, last = key.split(".")
        inner = validity
        for part in path:
            inner = inner[part]
        inner[last] = change(inner.get(last))
        write_json(folder / VALIDITY, validity)

    return edited


@pytest.mark.parametrize("depth", [500, 980, 100_000])
def test_figures_that_are_nested_deeply_are_a_named_problem(folder, depth):
    validity = (folder / VALIDITY).read_text()
    (folder / VALIDITY).write_text(validity.replace('"duplicates": 0', f'"duplicates": {"[" * depth}{"]" * depth}'))
    assert (folder / VALIDITY).read_text() != validity
    hide(folder)
    (problem,) = found(folder)
    assert problem.file == VALIDITY


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("funnel.candidates", lambda count: count + 1),
        ("funnel.acceptance", lambda share: share + 0.01),
        ("accepted.accuracy_after.median", lambda share: share + 0.0001),
        ("implied.mean_listed", lambda mean: mean + 1),
        ("by_pattern.sorted_ascending.target_of_candidates", lambda count: count + 1),
        ("duplicates", lambda count: count + 1),
        ("duplicates", float),
        ("sequences.rows", lambda count: count - 1),
        ("exact", lambda exact: {"sequences": 1}),
        ("remark", lambda _: "all is well"),
    ],
)
def test_a_false_figure_is_found_and_named(folder, key, change):
    edit(key, change)(folder)
    hide(folder)
    (problem,) = found(folder)
    assert problem.file == VALIDITY
    assert problem.what.startswith(f"{key} is ")


@pytest.mark.parametrize(
    "change",
    [
        lambda gates: {name: count + 1 for name, count in gates.items()},
        lambda gates: dict.fromkeys(gates, 0),
        lambda gates: {name: float(count) for name, count in gates.items()},
        lambda gates: dict(list(gates.items())[:-1]),
        lambda gates: list(gates.values()),
    ],
    ids=["more", "none", "float", "too few", "list"],
)
@pytest.mark.parametrize("key", ["fail_gate", "pass_gate_and_those_before"])
def test_gates_have_to_add_up(folder, key, change):
    edit(f"funnel.{key}", change)(folder)
    hide(folder)
    (problem,) = found(folder)
    assert (problem.file, problem.what[:14]) == (VALIDITY, "funnel: its ga")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"funnel": 1}', "\ud800"], ids=repr)
def test_what_is_no_summary_is_one_problem(folder, text):
    (folder / VALIDITY).write_bytes(text.encode(errors="surrogatepass"))
    hide(folder)
    (problem,) = found(folder)
    assert (problem.file, problem.what[:14]) == (VALIDITY, "cannot be read")


def test_a_false_figure_in_the_card_is_found_and_a_persons_own_words_are_not(folder):
    card = (folder / CARD).read_text()
    assert " candidates 4 were accepted" in card
    (folder / CARD).write_text(card.replace("license:", "licence: mine\nlicense:", 1) + "\nMade with care.\n")
    hide(folder)
    assert found(folder) == []
    (folder / CARD).write_text(card.replace(" candidates 4 were", " candidates 3 were"))
    hide(folder)
    (problem,) = found(folder)
    assert problem.file == CARD
    assert "candidates 4 were accepted" in problem.what


@pytest.mark.parametrize("name", [CROISSANT, DATASHEET])
def test_a_false_word_in_a_description_is_found(folder, name):
    text = (folder / name).read_text()
    assert text.count(" candidates, 4 passed all gates") == 1
    (folder / name).write_text(text.replace("candidates, 4 passed", "candidates, 5 passed"))
    hide(folder)
    (problem,) = found(folder)
    assert problem.file == name
    assert "does not say what the records give: at character" in problem.what
    (folder / name).unlink()
    hide(folder)
    (problem,) = found(folder)
    assert (problem.file, problem.what) == (name, "not in manifest.json")


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        (PICTURE, b"", "does not decode as PNG"),
        (PICTURE, b"\x89PNG\r\n\x1a\n", "does not decode as PNG"),
        (BENCHMARK_DATASET, b"", "not what configuration and seed draw"),
        (BENCHMARK_DATASET, b"{}", "not what configuration and seed draw"),
    ],
)
def test_an_emptied_file_is_found(folder, name, content, what):
    (folder / name).write_bytes(content)
    hide(folder)
    problem, description = found(folder)
    assert (problem.file, description.file) == (name, CROISSANT)  # which has its digest
    assert what in problem.what


@pytest.mark.parametrize("name", [BENCHMARK_DATASET, SIGNATURE_DATASET])
def test_a_value_of_another_type_in_the_sequences_is_found(folder, name):
    text = (folder / name).read_text()
    edited = text.replace('"vocab_size": 7', '"vocab_size": 7.0')
    assert json.loads(edited) == json.loads(text)
    assert edited != text
    (folder / name).write_text(edited)
    hide(folder)
    assert name in {problem.file for problem in found(folder)}


def png(width: int, height: int, pixels: bytes) -> bytes:
    """A grey picture of a byte a pixel."""
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0),
        b"IDAT": zlib.compress(pixels),
        b"IEND": b"",
    }
    chunks = (
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_png_has_as_many_pixels_as_it_says():
    assert is_png(png(3, 2, bytes(2 * (1 + 3))))
    assert not is_png(png(3, 2, bytes(7)))
    assert not is_png(png(0, 2, bytes(2)))


@given(data=st.data())
def test_a_damaged_or_cut_picture_never_passes(finished, data):
    whole = (finished / PICTURE).read_bytes()
    assert is_png(whole)
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    flipped = bytearray(whole)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not is_png(bytes(flipped))
    assert not is_png(whole[: bit // 8])
