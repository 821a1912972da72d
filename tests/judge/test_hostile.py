"""A file of completions that somebody sent: whatever it is or holds, it is a named fault, soon, in bounded memory."""

import json
import os
import time
import tracemalloc

import numpy as np
import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import MEMORY, parse_json
from subject_zoo.judge.answers import CHARACTERS_A_NUMBER, SPARE_CHARACTERS, WrongAnswer, read_weights
from subject_zoo.judge.completions import LONGEST, read_completions
from subject_zoo.judge.rungs import read_ladder
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import StoredModel

HEAD = b'{"example_id": 3, "task": "modification", "completion": '
SMALL = Architecture(vocab_size=7, sequence_length=7, num_layers=1, neurons_per_layer=4, activation_type="relu")
NETWORK = StoredModel(SMALL, {name: np.zeros(shape, np.float32) for name, shape in SMALL.tensor_shapes}, {})
LINES = {
    "deep": b"[" * 100_000,
    "deep in an object": HEAD + b'{"a":' * 100_000,
    "wide": HEAD + b"[" + b"{}," * 2_000_000 + b"{}]}",
    "a number of a million digits": HEAD + b"1" * 1_000_000 + b"}",
    "an id of a million digits": b'{"task": "modification", "completion": "", "example_id": ' + b"1" * 1_000_000 + b"}",
    "a fraction of a million digits": HEAD + b"0." + b"1" * 1_000_000 + b"}",
    "NaN": HEAD + b"NaN}",
    "an infinite id": b'{"task": "modification", "completion": "", "example_id": Infinity}',
    "a lone surrogate": HEAD + b'"\\ud800"}',
    "NUL": b"\0" * 1000,
    "other bytes": bytes(range(255, 10, -1)),
    "another encoding": '{"example_id": 3}'.encode("utf-16"),
}


@pytest.mark.parametrize("what", LINES)
def test_a_line_of_a_stranger_is_a_named_fault_or_an_answer(tmp_path, what):
    path = tmp_path / "answers.jsonl"
    path.write_bytes(LINES[what] + b"\n")
    start = time.monotonic()
    (read,) = read_completions(path)
    assert time.monotonic() - start < 20
    assert read.wrong in (None, "bad_line", "too_long")
    assert len(read.reason) < 200
    with pytest.raises(WrongAnswer) as raised:
        read_weights(read.text, NETWORK, "full")
    assert len(str(raised.value)) < 300


def test_a_line_that_is_longer_than_memory_is_read_piece_by_piece(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_bytes(HEAD)
    os.truncate(path, 10 * LONGEST)
    tracemalloc.start()
    (read,) = read_completions(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (read.wrong, read.example_id, read.task) == ("too_long", 3, "modification")
    assert peak < 5 * LONGEST


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "missing"])
def test_what_is_no_file_is_one_line(tmp_path, kind):
    path = tmp_path / "answers.jsonl"
    {
        "pipe": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/zero"),
        "folder": path.mkdir,
        "missing": lambda: None,
    }[kind]()
    with pytest.raises(UserError, match="cannot be read"):
        list(read_completions(path))
    with pytest.raises(UserError, match="cannot be read"):
        read_ladder(path)


def test_a_link_that_a_person_named_is_followed(tmp_path):
    (tmp_path / "there").write_bytes(HEAD + b'"x"}')
    (tmp_path / "here").symlink_to("there")
    (read,) = read_completions(tmp_path / "here")
    assert read.text == "x"


ROOM = SPARE_CHARACTERS + CHARACTERS_A_NUMBER * SMALL.parameter_count
ANSWERS = {
    "deep": '{"weights": ' + "[" * 40_000 + "]" * 40_000 + "}",
    "objects": "{" * 50_000 + "}" * 50_000,
    "names that end in one twice": "{" + ",".join(f'"{i}":0' for i in range(9_000)) + ',"8999":0}',
    "commas": '{"a": [' + "," * 90_000 + "]}",
    "points": '{"a": [' + "." * 90_000 + "]}",
    "digits": '{"a": ' + "1" * 90_000 + "}",
    "spaces": '{"a": [1,' + " " * 90_000 + "1,]}",
    "surrogates": '{"\\ud800\\u001b[31m": 1}',
    "braces": "{}" * 45_000,
    "nothing closes": "{" * 90_000,
}


@pytest.mark.parametrize("what", ANSWERS)
def test_an_answer_of_a_stranger_is_a_named_fault_at_once(what):
    assert len(ANSWERS[what]) < ROOM
    start = time.monotonic()
    with pytest.raises(WrongAnswer) as raised:
        read_weights(ANSWERS[what], NETWORK, "full")
    assert time.monotonic() - start < 15
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    "unit", ["[]", "{}", "[0]", '{"a":0}', '{"a":[]}', "1.5", '"ab"', "[[]]", '{"":{}}', '"\u4e2d"']
)
def test_json_takes_no_more_memory_than_it_was_given(unit):
    text = "[" + ",".join([unit] * (200_000 // len(unit))) + "]"
    tracemalloc.start()
    parse_json(text)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    parse_json(text, memory=MEMORY)
    with pytest.raises(ValueError, match="bytes of memory"):
        parse_json(text, memory=taken)
    assert parse_json(text, memory=None) == json.loads(text)
