"""What a person wrote into a card stays when it is generated anew, and nothing else does."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo.base.errors import UserError
from subject_zoo.dataset.edited_card import BEGIN, END, whole_card, with_edits

OLD = whole_card({"license": "cc0-1.0", "tags": ["a"], "size_categories": ["n<1K"], "configs": [1]}, "10 records.")
NEW = whole_card({"license": "mit", "tags": ["a"], "size_categories": ["1K<n<10K"], "configs": [2]}, "2000 records.")
WORDS = st.text(alphabet="ab #-\n\r:<>!", max_size=40)


def header_of(card: str) -> dict:
    return yaml.safe_load(card.split("---\n")[1])


def test_a_card_that_nobody_edited_is_the_new_one():
    assert with_edits(NEW, OLD, "cc0-1.0") == NEW
    assert with_edits(NEW, NEW, "mit") == NEW
    assert with_edits(NEW, "", None) == NEW


@given(WORDS, WORDS)
def test_text_above_and_below_stays_byte_for_byte_and_generating_again_changes_nothing(above, below):
    header, _, rest = OLD.partition(BEGIN)
    generated = rest.partition(END)[0]
    edited = with_edits(NEW, f"{header}{above}{BEGIN}{generated}{END}{below}", "cc0-1.0")
    new_header, _, new_generated = NEW.partition(BEGIN)
    assert edited == f"{new_header}{above}{BEGIN}{new_generated.partition(END)[0]}{END}{below}"
    assert with_edits(NEW, edited, "mit") == edited


def test_keys_of_theirs_win_but_for_those_that_say_which_rows_there_are():
    theirs = OLD.replace("license: cc0-1.0", "license: other\nlanguage:\n- en").replace("- a\n", "- a\n- mine\n")
    header = header_of(with_edits(NEW, theirs, "cc0-1.0"))
    assert header == {
        "license": "other",
        "tags": ["a", "mine"],
        "size_categories": ["1K<n<10K"],
        "configs": [2],
        "language": ["en"],
    }


def test_a_licence_of_theirs_stays_and_one_that_was_generated_does_not():
    assert header_of(with_edits(NEW, OLD, "cc0-1.0"))["license"] == "mit"
    assert header_of(with_edits(NEW, OLD, None))["license"] == "cc0-1.0"


@pytest.mark.parametrize("standing", ["# Mine\n", "---\nlicense: mit\n---\n# Mine\n", f"# Mine\n\n{END}\n{BEGIN}"])
def test_without_the_comments_all_of_the_text_is_theirs(standing):
    card = with_edits(NEW, standing, None)
    assert "# Mine\n\n" in card
    assert card.endswith(NEW[NEW.index(BEGIN) :])
    assert header_of(card)["license"] == "mit"


def test_lines_may_end_as_on_windows():
    edited = with_edits(NEW, OLD.replace("\n", "\r\n").replace(BEGIN, f"# Mine\r\n{BEGIN}"), "cc0-1.0")
    assert header_of(edited) == header_of(NEW)
    assert f"# Mine\r\n{BEGIN}" in edited


def test_a_header_that_cannot_be_read_is_told():
    for header in ("a: [", "- 1"):
        with pytest.raises(UserError, match=r"the YAML at the top of its README\.md cannot be read"):
            with_edits(NEW, f"---\n{header}\n---\n", None)
