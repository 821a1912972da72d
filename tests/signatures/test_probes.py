"""A file of probes that is none is one short line, however long what stands in it."""

import json
import time

import numpy as np
import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.patterns.space import PatternSpace
from subject_zoo.signatures.probes import check_drawn, parse_probes

SPACE = PatternSpace(vocab_size=7, sequence_length=7, starts_with=0, ends_with=1)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (json.dumps({"examples": [{"sequence": "\x1b\ud800"}]}).encode(), "sequence 1 is "),
        (json.dumps({"examples": [{"sequence": 7}]}).encode(), "not a signature dataset"),
        (b"[" * 100_000, "not a signature dataset"),
        (b'{"examples": [' + b"{}," * 2_000_000 + b"{}]}", "not a signature dataset"),
        (b'{"examples": NaN}', "not a signature dataset"),
        (b"\0", "not a signature dataset"),
    ],
    ids=["escapes", "number", "deep", "wide", "NaN", "NUL"],
)
def test_a_file_that_is_none_is_one_short_line(data, expected):
    start = time.monotonic()
    with pytest.raises(UserError, match=expected) as raised:
        parse_probes(data, "mine.json", SPACE, ["all_same"])
    assert time.monotonic() - start < 15
    assert str(raised.value).startswith("mine.json: ")
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300


def test_a_sequence_of_a_hundred_megabytes_is_not_repeated():
    data = b'{"examples": [{"sequence": "' + b"A" * 100_000_000 + b'"}]}'
    with pytest.raises(UserError, match="sequence 1 is 'AAAAAAA") as raised:
        parse_probes(data, "mine.json", SPACE, ["all_same"])
    assert len(str(raised.value)) < 300


def test_drawn_probes_leave_no_pattern_out():
    satisfied = np.array([[True, False], [True, False], [False, False]])
    check_drawn(satisfied[:, :1], ["palindrome"], 0.05)
    with pytest.raises(
        UserError, match=r"^dataset.probe_fraction is 1e-07; it leaves no probe of the pattern sorted_asc"
    ):
        check_drawn(satisfied, ["palindrome", "sorted_ascending"], 1e-7)
