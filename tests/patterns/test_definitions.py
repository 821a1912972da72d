"""Every predicate against a plain definition of the pattern, and against its own automaton."""

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.errors import UserError
from subject_zoo.patterns.automata import enumerate_pattern
from subject_zoo.patterns.counting import count
from subject_zoo.patterns.definitions import PATTERNS, check_possible, definition, describe
from subject_zoo.patterns.sequences import from_text, satisfied_patterns, satisfies, to_text
from subject_zoo.patterns.space import SEQUENCE_LENGTHS, VOWELS, PatternSpace
from tests.patterns.spaces import SMALL_SPACES
from tests.plain_patterns import truth

ROOT = Path(__file__).parents[2]


@st.composite
def spaces(draw: st.DrawFn) -> PatternSpace:
    size = draw(st.integers(5, 26))
    letter = st.integers(0, size - 1)
    return PatternSpace(size, draw(st.integers(4, 20)), draw(letter), draw(letter))


@st.composite
def sequences(draw: st.DrawFn) -> tuple[PatternSpace, str]:
    """A space and a sequence, bent towards patterns that a random one never satisfies, and near misses."""
    space = draw(spaces())
    length = space.sequence_length
    letters = draw(st.lists(st.sampled_from(space.letters), min_size=1, max_size=4, unique=True))
    alphabet = draw(st.sampled_from(["".join(letters), space.letters]))
    text = draw(st.text(alphabet=alphabet, min_size=length, max_size=length))
    half = length // 2
    rise = "".join(sorted(text[:half]))
    fall = "".join(sorted(text[half:], reverse=True))
    shuffled = "".join(draw(st.permutations(space.letters)))
    text = draw(
        st.sampled_from(
            [
                text,
                "".join(sorted(text)),
                "".join(sorted(text, reverse=True)),
                (text[: length - half] + text[:half][::-1]),
                (text[:2] * length)[:length],
                (shuffled + text)[:length],
                rise + fall,
                (text[:half] + "ABC" + text)[:length],
                text[0] * (half + 1) + text[half + 1 :],
            ]
        )
    )
    if draw(st.booleans()):
        place = draw(st.integers(0, length - 1))
        text = text[:place] + draw(st.sampled_from(space.letters)) + text[place + 1 :]
    return space, text


@given(sequences())
def test_predicates_agree_with_the_plain_definitions(case: tuple[PatternSpace, str]) -> None:
    space, text = case
    tokens = np.array([[ord(letter) - ord("A") for letter in text]], dtype=np.uint8)
    expected = truth(space, text)
    assert dict(zip(expected, satisfied_patterns(space, list(expected), tokens)[0].tolist(), strict=True)) == expected
    assert {name: satisfies(space, name, tokens).tolist() for name in expected} == {
        name: [value] for name, value in expected.items()
    }


@pytest.mark.parametrize("space", SMALL_SPACES, ids=str)
def test_predicates_agree_on_every_sequence_of_a_small_space(space: PatternSpace) -> None:
    texts = ["".join(letters) for letters in itertools.product(space.letters, repeat=space.sequence_length)]
    names = list(truth(space, texts[0]))
    expected = np.array([list(truth(space, text).values()) for text in texts])
    np.testing.assert_array_equal(satisfied_patterns(space, names, from_text(space, texts)), expected)


def test_every_pattern_has_a_plain_definition_in_the_same_order() -> None:
    plain = tuple(truth(PatternSpace(7, 7), "ABCDEFG"))
    assert plain == PATTERNS, f"in truth() of tests/plain_patterns.py {set(PATTERNS) ^ set(plain)}"
    assert VOWELS == "AEIOU"


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("space", SMALL_SPACES, ids=str)
def test_predicate_and_language_say_the_same(space: PatternSpace, name: str) -> None:
    """All sequences of a small space that satisfy the pattern are the words of its automaton, each once."""
    everything = np.array(list(itertools.product(range(space.vocab_size), repeat=space.sequence_length)), np.uint8)
    np.testing.assert_array_equal(enumerate_pattern(space, name), everything[satisfies(space, name, everything)])


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_impossible_exactly_where_its_language_is_empty(name: str) -> None:
    for size, length in itertools.product((5, 6, 7, 26), SEQUENCE_LENGTHS):
        space = PatternSpace(size, length)
        assert (definition(name).impossible(space) is None) == (count(space, name) > 0), space


SIXTEENTH = """    Pattern(
        name="double_start",
        clause="the first two tokens are the same",
        holds=lambda space, x: x[0] == x[1],
        language=lambda space: free(space, [0, *range(space.sequence_length - 1)]),
    ),
)

DEFINITIONS"""
USE = """
import sys
from subject_zoo.chain import make_examples
from subject_zoo.project import Project
overrides = {
    "patterns": {"enabled": ["double_start", "starts_with"], "max_patterns_per_batch": 1},
    "dataset": {"num_sequences": 600, "pool_size": 2000},
}
project = Project.from_config(sys.argv[1], overrides)
made = make_examples(project, range(4))
assert "double_start" in {plan.target_pattern for plan, _ in made.examples.values()}, made.examples
assert all(set(verdict["positive_rate"]) == {"double_start", "starts_with"} for verdict in made.verdicts.values())
"""


def test_a_sixteenth_pattern_is_one_record(tmp_path) -> None:
    """That of CONTRIBUTING.md. Configuration, pools, datasets, verdicts and prompts take it from there."""
    [record] = re.findall(
        r"^```python\n(Pattern\(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL
    )
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    definitions = tmp_path / "scripts" / "subject_zoo" / "patterns" / "definitions.py"
    before, _, after = definitions.read_text().partition(")\n\nDEFINITIONS")
    definitions.write_text(f"{before}{record.strip()},\n)\n\nDEFINITIONS{after}")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "scripts")}
    command = [sys.executable, "-c", USE, str(ROOT / "config.yaml")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_sequences() -> None:
    space = PatternSpace(7, 7)
    none = np.zeros((0, 7), dtype=np.uint8)
    assert satisfied_patterns(space, PATTERNS, none).shape == (0, len(PATTERNS))
    assert satisfies(space, "has_majority", none).shape == (0,)
    assert to_text(space, none) == []
    assert from_text(space, []).shape == (0, 7)


@pytest.mark.parametrize("shape", [(7,), (3, 6), (7, 3)])
def test_tokens_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not \\[n, 7\\]"):
        satisfied_patterns(PatternSpace(7, 7), PATTERNS, np.zeros(shape, dtype=np.uint8))


@given(st.data(), spaces())
def test_text_there_and_back(data: st.DataObject, space: PatternSpace) -> None:
    length = space.sequence_length
    texts = data.draw(st.lists(st.text(alphabet=space.letters, min_size=length, max_size=length), max_size=5))
    tokens = from_text(space, texts)
    assert tokens.dtype == np.uint8
    assert tokens.tolist() == [[ord(letter) - ord("A") for letter in text] for text in texts]
    assert to_text(space, tokens) == texts


@pytest.mark.parametrize("text", ["ABCDEF", "ABCDEFGA", "ABCDEFH", "abcdefg", "ABCDEF\x00", "ABCDEFÄ", ""])
def test_text_outside_the_space_is_refused(text: str) -> None:
    with pytest.raises(UserError) as error:
        from_text(PatternSpace(7, 7), ["GFEDCBA", text])
    assert str(error.value) == f"sequence 2 is {text!r}; it must be 7 letters from A to G"


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ((4, 7), "patterns.vocab_size: 4 "),
        ((27, 7), "patterns.vocab_size: 27 "),
        ((7, 3), "patterns.sequence_length: 3 "),
        ((7, 21), "patterns.sequence_length: 21 "),
        ((7, 7, 7), "patterns.starts_with: H "),
        ((7, 7, 0, 25), "patterns.ends_with: Z "),
        ((7, 7, -1), "patterns.starts_with: token -1 "),
        ((26, 7, 0, 26), "patterns.ends_with: token 26 "),
    ],
)
def test_spaces_outside_the_range_are_refused(arguments: tuple[int, ...], key: str) -> None:
    with pytest.raises(UserError) as error:
        PatternSpace(*arguments)
    assert str(error.value).startswith(key)


def test_no_repeats_must_fit_into_the_vocabulary() -> None:
    check_possible(PatternSpace(7, 7), PATTERNS)
    check_possible(PatternSpace(5, 6), [name for name in PATTERNS if name != "no_repeats"])
    with pytest.raises(UserError, match=r"^patterns\.enabled: no_repeats cannot occur.* at most 5 .* at least 6$"):
        check_possible(PatternSpace(5, 6), PATTERNS)


def test_unknown_patterns_are_refused() -> None:
    space = PatternSpace(7, 7)
    for use in (
        lambda: check_possible(space, ["palindrome", "zigzag"]),
        lambda: describe(space, "zigzag"),
        lambda: satisfies(space, "zigzag", np.zeros((1, 7), dtype=np.uint8)),
    ):
        with pytest.raises(UserError, match=r"^patterns\.enabled: 'zigzag' is no pattern; choose from all_same, "):
            use()


def test_descriptions_differ_and_name_the_configured_letters() -> None:
    space = PatternSpace(9, 7, starts_with=2, ends_with=8)
    clauses = {name: describe(space, name) for name in PATTERNS}
    assert len(set(clauses.values())) == len(PATTERNS)
    assert all(clause == clause.strip(" .\n") and "{" not in clause for clause in clauses.values())
    assert clauses["starts_with"] == "the first token is C"
    assert clauses["ends_with"] == "the last token is I"
    assert clauses["vowel_consonant"] == "vowels (A, E, I) and consonants take turns"
