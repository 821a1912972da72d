"""Every predicate against a plain definition of the pattern, one sequence at a time."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.errors import UserError
from subject_zoo.patterns import PATTERNS, VOWELS, PatternSpace

SMALL_SPACES = [
    PatternSpace(5, 4),
    PatternSpace(5, 5, starts_with=4, ends_with=0),
    PatternSpace(6, 5, starts_with=2, ends_with=2),
    PatternSpace(5, 6),
]


def is_mountain(text: str) -> bool:
    peak = text.index(max(text))
    up, down = text[: peak + 1], text[peak:]
    return up[0] < max(text) > down[-1] and list(up) == sorted(up) and list(down) == sorted(down, reverse=True)


def pairs(text: str) -> list[tuple[str, str]]:
    return [(text[i], text[i + 1]) for i in range(0, len(text) - 1, 2)]


def truth(space: PatternSpace, text: str) -> dict[str, bool]:
    """Which patterns a sequence of letters satisfies, written independently of the library."""
    return {
        "all_same": len(set(text)) == 1,
        "palindrome": text == text[::-1],
        "sorted_ascending": list(text) == sorted(text),
        "sorted_descending": list(text) == sorted(text, reverse=True),
        "alternating": len(set(text)) == 2 and all(a != b for a, b in itertools.pairwise(text)),
        "contains_abc": "ABC" in text,
        "starts_with": text.startswith("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[space.starts_with]),
        "ends_with": text.endswith("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[space.ends_with]),
        "no_repeats": len(set(text)) == len(text),
        "has_majority": Counter(text).most_common(1)[0][1] > len(text) / 2,
        "increasing_pairs": all(a < b for a, b in pairs(text)),
        "decreasing_pairs": all(a > b for a, b in pairs(text)),
        "vowel_consonant": all((a in "AEIOU") != (b in "AEIOU") for a, b in itertools.pairwise(text)),
        "first_last_match": text[0] == text[-1],
        "mountain_pattern": is_mountain(text),
    }


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
    assert dict(zip(PATTERNS, space.satisfies(tokens)[0].tolist(), strict=True)) == expected
    assert {name: space.predicate(name, tokens).tolist() for name in PATTERNS} == {
        name: [value] for name, value in expected.items()
    }


@pytest.mark.parametrize("space", SMALL_SPACES, ids=str)
def test_predicates_agree_on_every_sequence_of_a_small_space(space: PatternSpace) -> None:
    texts = ["".join(letters) for letters in itertools.product(space.letters, repeat=space.sequence_length)]
    expected = np.array([list(truth(space, text).values()) for text in texts])
    np.testing.assert_array_equal(space.satisfies(space.from_text(texts)), expected)
    possible = expected.any(axis=0)
    assert possible.sum() == 15 - (space.sequence_length > space.vocab_size)


def test_order_of_the_patterns() -> None:
    assert tuple(truth(PatternSpace(7, 7), "ABCDEFG")) == PATTERNS
    assert VOWELS == "AEIOU"


def test_no_sequences() -> None:
    space = PatternSpace(7, 7)
    none = np.zeros((0, 7), dtype=np.uint8)
    assert space.satisfies(none).shape == (0, 15)
    assert space.predicate("has_majority", none).shape == (0,)
    assert space.to_text(none) == []
    assert space.from_text([]).shape == (0, 7)


@pytest.mark.parametrize("shape", [(7,), (3, 6), (7, 3)])
def test_tokens_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not \\[n, 7\\]"):
        PatternSpace(7, 7).satisfies(np.zeros(shape, dtype=np.uint8))


@given(st.data(), spaces())
def test_text_there_and_back(data: st.DataObject, space: PatternSpace) -> None:
    length = space.sequence_length
    texts = data.draw(st.lists(st.text(alphabet=space.letters, min_size=length, max_size=length), max_size=5))
    tokens = space.from_text(texts)
    assert tokens.dtype == np.uint8
    assert tokens.tolist() == [[ord(letter) - ord("A") for letter in text] for text in texts]
    assert space.to_text(tokens) == texts


@pytest.mark.parametrize("text", ["ABCDEF", "ABCDEFGA", "ABCDEFH", "abcdefg", "ABCDEF\x00", "ABCDEFÄ", ""])
def test_text_outside_the_space_is_refused(text: str) -> None:
    with pytest.raises(UserError) as error:
        PatternSpace(7, 7).from_text(["GFEDCBA", text])
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
    PatternSpace(7, 7).check(PATTERNS)
    PatternSpace(5, 6).check([name for name in PATTERNS if name != "no_repeats"])
    with pytest.raises(UserError, match=r"^patterns\.enabled: no_repeats cannot occur.* at most 5 .* at least 6$"):
        PatternSpace(5, 6).check(PATTERNS)


def test_unknown_patterns_are_refused() -> None:
    space = PatternSpace(7, 7)
    for use in (
        lambda: space.check(["palindrome", "zigzag"]),
        lambda: space.describe("zigzag"),
        lambda: space.predicate("zigzag", np.zeros((1, 7), dtype=np.uint8)),
    ):
        with pytest.raises(UserError, match=r"^patterns\.enabled: 'zigzag' is no pattern; choose from all_same, "):
            use()


def test_descriptions_differ_and_name_the_configured_letters() -> None:
    space = PatternSpace(9, 7, starts_with=2, ends_with=8)
    clauses = {name: space.describe(name) for name in PATTERNS}
    assert len(set(clauses.values())) == 15
    assert all(clause == clause.strip(" .\n") and "{" not in clause for clause in clauses.values())
    assert clauses["starts_with"] == "the first token is C"
    assert clauses["ends_with"] == "the last token is I"
    assert clauses["vowel_consonant"] == "vowels (A, E, I) and consonants take turns"
