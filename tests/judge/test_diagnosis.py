"""What diagnoses are worth: how answers are read, and that regions are judged by the sequences in them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.examples.region import Region
from subject_zoo.judge.answers import WrongAnswer, read_diagnosis
from subject_zoo.judge.bench import Bench
from subject_zoo.judge.cases import Case
from subject_zoo.judge.diagnosis import compare_diagnosis, score_diagnosis, summarise_diagnoses
from subject_zoo.patterns.space import PatternSpace
from subject_zoo.project import Project
from subject_zoo.records.diagnosis import Diagnosis, diagnosis_columns, diagnosis_text
from tests.finished_dataset import tiny_config
from tests.judge.networks import some_models

SPACE = PatternSpace(7, 5)
ENABLED = ("palindrome", "starts_with", "sorted_ascending")


def measured(pattern: str, positions: list[int], letters: list[str]) -> dict:
    """What a verdict holds of a diagnosis."""
    region = Region.of_combinations([p - 1 for p in positions], letters, SPACE.vocab_size)
    fault = {"positions": positions, "letters": letters, "in_words": region.in_words}
    return {"shown": "degraded", "poor_pattern": pattern, "fault": fault}


def said(answer: Diagnosis) -> tuple:
    if answer.region is None:
        return (answer.pattern,)
    return answer.pattern, answer.region.positions, answer.region.combinations


@given(
    st.sampled_from(ENABLED),
    st.integers(1, 2).flatmap(
        lambda size: st.tuples(
            st.lists(st.integers(1, 5), min_size=size, max_size=size, unique=True).map(sorted),
            st.sets(st.text("ABCDEFG", min_size=size, max_size=size), min_size=1).map(sorted),
        )
    ),
)
def test_a_true_completion_is_read_as_what_the_table_has(pattern, region):
    true = measured(pattern, *region)
    read = read_diagnosis(diagnosis_text(true), ENABLED, SPACE)
    assert said(read) == said(Diagnosis.of_columns(diagnosis_columns(true), SPACE.vocab_size))
    assert said(read) == (pattern, tuple(p - 1 for p in region[0]), region[1])


WHERE = "where the letters at positions 2 and 3 are A and B, C; D and A"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("none", (None,)),
        ("  None.\n", (None,)),
        ("It does poorly on none of them.", (None,)),
        (f"palindrome, {WHERE}", ("palindrome", (1, 2), ["AB", "AC", "DA"])),
        (f"```\npalindrome, {WHERE}.\n```", ("palindrome", (1, 2), ["AB", "AC", "DA"])),
        (f"The pattern is **palindrome**, {WHERE};", ("palindrome", (1, 2), ["AB", "AC", "DA"])),
        ("palindrome: positions 3 and 2: B and A;A and D", ("palindrome", (1, 2), ["AB", "DA"])),
        ("palindrome, where the letter at position 4 is A, C", ("palindrome", (3,), ["A", "C"])),
        ("palindrome, where the letter at position 4 is A,C.", ("palindrome", (3,), ["A", "C"])),
        ("palindrome, at positions 1 and 5", ("palindrome", (0, 4), [])),
        ("palindrome", ("palindrome",)),
        (f"palindrome, {WHERE}. I ran a few sequences by hand.", ("palindrome", (1, 2), ["AB", "AC", "DA"])),
        (f"**palindrome, {WHERE}**\n\nThis is what I found.", ("palindrome", (1, 2), ["AB", "AC", "DA"])),
        ("Palindrome, where the letter at position 4 is A. It fails there.", ("palindrome", (3,), ["A"])),
        ("palindrome, at positions 1 and 2: A and B;\n\nC and D", ("palindrome", (0, 1), ["AB", "CD"])),
    ],
)
def test_what_is_commonly_added_is_understood(text, read):
    assert said(read_diagnosis(text, ENABLED, SPACE)) == read


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("x" * 100_001, "too_long"),
        ("all is well", "no_names"),
        ("palindrome or starts_with", "unclear"),
        ("palindrome, or none", "unclear"),
        ("palindrome or ends_with", "unclear"),
        ("palindrome at positions 0 and 2", "unknown_place"),
        ("palindrome at positions 2 and 6", "unknown_place"),
        ("palindrome at positions 2 and 2 are A and B", "unclear"),
        ("palindrome at positions 1, 2 and 3", "unclear"),
        ("palindrome at positions 1 and 2 are A and B; at positions 2 and 3 are A and C", "unclear"),
        ("palindrome, where the letters at positions 1 and 2 are A or B", "unclear"),
        ("palindrome, where the letters at positions 1 and 2 are A and H", "unclear"),
        ("palindrome, where the letters at positions 1 and 2 are A", "unclear"),
        ("palindrome, where the letter at position 1 is A and B", "unclear"),
        ("palindrome, where the letters at positions 1 and 2 are not A and B", "unclear"),
        ("palindrome, where the letters at positions 1 and 2 are A and B. Also C and D.", "unclear"),
        ("palindrome, where the letters at positions 1 and 2 are A and B\n\nC and D", "unclear"),
        ("It does not do poorly on palindrome", "unclear"),
        ("No fault: palindrome is recognised", "unclear"),
    ],
)
def test_what_is_not_clear_is_wrong_and_says_why(text, kind):
    with pytest.raises(WrongAnswer) as caught:
        read_diagnosis(text, ENABLED, SPACE)
    assert caught.value.kind == kind


PIECES = ("palindrome", "none", "positions 2 and 3", "are", "A and B", ";", ",")


@given(st.text(max_size=200) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_any_text_is_read_or_wrong(text):
    try:
        answer = read_diagnosis(text, ENABLED, SPACE)
    except WrongAnswer:
        return
    assert answer.pattern in (None, *ENABLED)


@pytest.fixture(scope="module")
def bench() -> Bench:
    enabled = {"patterns": {"enabled": ["palindrome", "starts_with", "first_last_match"], "sequence_length": 5}}
    return Bench(Project(tiny_config(enabled)), 1)


def case_of(true: Diagnosis) -> Case:
    (model, *_) = some_models(np.random.default_rng(0))
    return Case(0, ("palindrome", "starts_with"), "palindrome", model, model, frozenset(), true)


def region(positions: list[int], letters: list[str]) -> Region:
    return Region.of_combinations([p - 1 for p in positions], letters, 7)


FAULTY = case_of(Diagnosis("palindrome", region([1, 2], ["BC", "CB", "CC"])))
ALL = "fault pattern positions exact"
SOUND = case_of(Diagnosis(None, None))


@pytest.mark.parametrize(
    ("case", "answer", "right"),
    [
        (FAULTY, "palindrome, where the letters at positions 1 and 2 are B and C; C and B, C", ALL),
        (FAULTY, "palindrome, where the letters at positions 4 and 5 are B and C; C and B, C", ALL),
        (FAULTY, "palindrome, where the letters at positions 1 and 2 are B and C; C and B", "fault pattern positions"),
        (FAULTY, "palindrome, at positions 1 and 4", "fault pattern positions"),
        (FAULTY, "palindrome, where the letter at position 1 is B, C", "fault pattern"),
        (FAULTY, "palindrome", "fault pattern"),
        (FAULTY, "starts_with, where the letters at positions 1 and 2 are B and C; C and B, C", "fault"),
        (FAULTY, "none", ""),
        (FAULTY, "who knows", ""),
        (SOUND, "none", ALL),
        (SOUND, "palindrome, at positions 1 and 2", ""),
        (SOUND, "", ""),
    ],
)  # fmt: skip
def test_answers_are_worth_what_is_right_in_them(bench, case, answer, right):
    figures = score_diagnosis(case, answer, bench)
    assert [key for key in ("fault", "pattern", "positions", "exact") if figures[key]] == right.split()
    assert (figures["overlap"] == 1) == figures["exact"]


def test_the_overlap_is_that_of_the_sequences(bench):
    tokens = bench.own.pools.tokens
    own = {tuple(row) for row in tokens.tolist() if row == row[::-1]}  # palindrome is the rarer one
    answer = Diagnosis("palindrome", region([1, 2], ["BC", "DD"]))
    inside, truly = (
        {row for row in own if (row[0], row[1]) in of} for of in ({(1, 2), (3, 3)}, {(1, 2), (2, 1), (2, 2)})
    )
    overlap = compare_diagnosis(FAULTY, answer, bench)["overlap"]
    assert overlap == pytest.approx(len(inside & truly) / len(inside | truly))


def test_regions_are_counted_of_faulty_networks_alone(bench):
    answers = [(FAULTY, "palindrome"), (FAULTY, f"palindrome, {WHERE}"), (SOUND, "none"), (SOUND, "palindrome")]
    report = summarise_diagnoses([(case, score_diagnosis(case, text, bench)) for case, text in answers])
    assert (report["records"], report["faulty"]) == (4, 2)
    assert (report["exact_match"], report["fault"], report["pattern"]) == (0.25, 0.75, 0.75)
    assert (report["region_positions"], report["by_pattern"]["palindrome"]["pattern"]) == (0, 1)
