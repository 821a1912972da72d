"""What a dataset says of how true its records are, against the records."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from subject_zoo.base.files import json_bytes
from subject_zoo.base.lines import one_line
from subject_zoo.dataset.card import card_text
from subject_zoo.dataset.folder import count_rows, descriptions
from subject_zoo.dataset.layout import CARD, DESCRIPTIONS, MANIFEST, PICTURES, VALIDITY
from subject_zoo.dataset.manifest import TRUST
from subject_zoo.dataset.parts import Part, figures_of, parts_of
from subject_zoo.dataset.received import Received
from subject_zoo.provenance.code import chain_digest
from subject_zoo.verification.problem import Problem, first_difference

MOST_CANDIDATES, MOST_CANDIDATES_A_RECORD = 100_000, 100  # for which plans are drawn, of a folder that is not trusted
_OF_REJECTED = ("fail_gate", "pass_gate_and_those_before")  # what no record tells: rejected candidates would


def check_validity(
    folder: Received, manifest: Mapping[str, Any], verdicts: Sequence[tuple[Part, Mapping[int, Mapping[str, Any]]]]
) -> Iterator[Problem]:
    """Where validity.json says other than the records that were checked, whose verdicts are given by part and own id,
    or the card other than validity.json.

    How many candidates fail each gate is held against how many there are, and how many are accepted. The card's text is
    that of this code, so it is compared where this code made the dataset.
    """
    try:
        stated = folder.json(VALIDITY)
        gates = {key: stated["funnel"][key] for key in _OF_REJECTED}
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Problem(VALIDITY, f"cannot be read ({one_line(error)})")
        return
    candidates = sum(max(own, default=-1) + 1 for _, own in verdicts)
    if (
        candidates > MOST_CANDIDATES + MOST_CANDIDATES_A_RECORD * sum(len(own) for _, own in verdicts)
        and not folder.trusted
    ):
        yield Problem(VALIDITY, f"is not checked: {candidates:,} candidates would be drawn; {TRUST}")
        return
    try:
        yield from _held_against(folder, manifest, stated, gates, figures_of(verdicts, manifest["config"]))
    except RecursionError:
        yield Problem(VALIDITY, "holds values that are nested too deeply")


def _held_against(
    folder: Received,
    manifest: Mapping[str, Any],
    stated: Any,
    gates: Mapping[str, Any],
    expected: dict[str, Any],
) -> Iterator[Problem]:
    adds_up = _may_be(gates, expected["funnel"])
    expected["funnel"] |= gates
    if not adds_up:
        yield Problem(VALIDITY, "funnel: its gates do not add up to the candidates and the accepted ones")
    elif difference := _difference(stated, expected):
        yield Problem(VALIDITY, difference)
    elif json_bytes(expected) != folder.read(VALIDITY):
        yield Problem(VALIDITY, "not laid out as it was written: keys, spaces or line ends were changed")
    elif manifest["code_sha256"] == chain_digest():
        yield from _check_card(folder, manifest, stated)
        yield from _check_descriptions(folder, manifest, stated)


def _may_be(gates: Mapping[str, Any], funnel: Mapping[str, Any]) -> bool:
    """Whether so many candidates can fail each gate, and pass it and those before it."""
    fail, passing = (gates[key] for key in _OF_REJECTED)
    if any(not isinstance(of, Mapping) or list(of) != list(funnel["fail_gate"]) for of in (fail, passing)):
        return False
    if not all(type(count) is int and count >= 0 for count in (*fail.values(), *passing.values())):
        return False
    before = funnel["candidates"]
    for gate, count in passing.items():
        if not before - fail[gate] <= count <= min(before, funnel["candidates"] - fail[gate]):
            return False
        before = count
    return bool(before >= funnel["accepted"])


def _difference(stated: Any, expected: Any, path: str = "") -> str | None:
    """The first place where two JSON values differ, in words."""
    if not isinstance(stated, dict) or not isinstance(expected, dict):
        same = type(stated) is type(expected) and stated == expected
        return None if same else f"{path} is {one_line(repr(stated))}; the records give {one_line(repr(expected))}"
    for key in {**expected, **stated}:
        place = f"{path}.{key}" if path else key
        if key not in stated or key not in expected:
            return f"{one_line(place)} is {'missing' if key in expected else 'one key too many'}"
        if difference := _difference(stated[key], expected[key], place):
            return difference
    return None


def _check_card(folder: Received, manifest: Mapping[str, Any], validity: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether the card holds its text as it follows from the folder; a person may have added to it."""
    files = manifest["files"]
    pictures = sorted(name for name in files if name.startswith(f"{PICTURES}/"))
    text = card_text(manifest["config"], manifest, count_rows(files), validity, pictures, parts_of(manifest))
    try:
        card = folder.read(CARD).decode()
    except (OSError, ValueError):
        return  # a problem already
    if text not in card:
        lost = next((line for line in text.splitlines() if line not in card), text)
        yield Problem(CARD, f"does not say what the records give: {one_line(lost)}")


def _check_descriptions(
    folder: Received, manifest: Mapping[str, Any], validity: Mapping[str, Any]
) -> Iterator[Problem]:
    """Whether DATASHEET.md and croissant.json are, byte for byte, what follows from the folder."""
    files = {name: entry for name, entry in manifest["files"].items() if name not in (CARD, *DESCRIPTIONS)}
    parts = parts_of(manifest) if "parts" in manifest else ()
    expected = descriptions(
        files, manifest["config"], manifest, manifest["environment"], validity, manifest["license"], parts
    )
    for name, page in expected.items():
        if name not in manifest["files"]:
            yield Problem(name, f"not in {MANIFEST}")
            continue
        try:
            actual = folder.read(name)
        except OSError:
            continue  # a problem already
        if actual != page:
            there, wanted = (text.decode(errors="replace") for text in (actual, page))
            yield Problem(name, f"does not say what the records give: {first_difference(there, wanted)}")
